//! Any HTTP endpoint.
//!
//! These are types; permissions and rendering are in `outputs` and `iam`.

use super::block::destination_block;

destination_block! {
    /// Any HTTP endpoint. Secrets: `http_passwd`, `header`, `uri` (for keys in the path).
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/http>
    Http over network is "http" {
        /// Host name of the endpoint.
        host: String = "host" / "host",
        /// Port. Absent: 80.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
        /// Path of requests. Absent: /; a path with a key in it goes into `secretOptions`
        /// instead.
        #[serde(default)]
        uri: Option<String> = "uri" / "uri",
        /// Whether the connection is encrypted. Absent: it is on port 443, else it is not.
        #[serde(default)]
        tls: Option<bool> = "tls" / "tls",
        /// Whether the certificate of the server is checked. Absent: it is. Option
        /// `tls.verify`.
        #[serde(default)]
        tls_verify: Option<bool> = "tls.verify" / "tlsVerify",
        /// Whether the host name in the certificate is checked. Absent: it is not. Option
        /// `tls.verify_hostname`.
        #[serde(default)]
        tls_verify_hostname: Option<bool> = "tls.verify_hostname" / "tlsVerifyHostname",
        /// Host name for TLS SNI. Option `tls.vhost`.
        #[serde(default)]
        tls_vhost: Option<String> = "tls.vhost" / "tlsVhost",
        /// Path of a CA certificate inside the router image. Option `tls.ca_file`.
        #[serde(default)]
        tls_ca_file: Option<String> = "tls.ca_file" / "tlsCaFile",
        /// User for basic authentication; the password goes into `secretOptions` as
        /// `http_passwd`. Option `http_user`.
        #[serde(default)]
        http_user: Option<String> = "http_user" / "httpUser",
        /// POST (absent) or PUT. Option `http_method`.
        #[serde(default)]
        http_method: Option<String> = "http_method" / "httpMethod",
        /// json (absent), json_lines, json_stream, msgpack or gelf.
        #[serde(default)]
        format: Option<String> = "format" / "format",
        /// Headers to add, name and value; not secret.
        #[serde(default)]
        header: Vec<String> = "header" / "header",
        /// Header that carries the tag. Option `header_tag`.
        #[serde(default)]
        header_tag: Option<String> = "header_tag" / "headerTag",
        /// Field for the time of the record. Absent: date; `false` for none. Option
        /// `json_date_key`.
        #[serde(default)]
        json_date_key: Option<String> = "json_date_key" / "jsonDateKey",
        /// How that time is written: double, epoch, epoch_ms, iso8601, java_sql_timestamp.
        /// Option `json_date_format`.
        #[serde(default)]
        json_date_format: Option<String> = "json_date_format" / "jsonDateFormat",
        /// Field that becomes the whole body, such as `$log`. Option `body_key`.
        #[serde(default)]
        body_key: Option<String> = "body_key" / "bodyKey",
        /// Field whose entries become headers; given with `bodyKey`. Option `headers_key`.
        #[serde(default)]
        headers_key: Option<String> = "headers_key" / "headersKey",
        /// Whether a header may be there twice. Absent: true. Option
        /// `allow_duplicated_headers`.
        #[serde(default)]
        allow_duplicated_headers: Option<bool> = "allow_duplicated_headers" / "allowDuplicatedHeaders",
        /// Whether answers are logged by the router. Absent: true. Option
        /// `log_response_payload`.
        #[serde(default)]
        log_response_payload: Option<bool> = "log_response_payload" / "logResponsePayload",
        /// Whether requests are signed with the task role (SigV4). Absent: false. Option
        /// `aws_auth`.
        #[serde(default)]
        aws_auth: Option<bool> = "aws_auth" / "awsAuth",
        /// Service name for signing, such as osis. Option `aws_service`.
        #[serde(default)]
        aws_service: Option<String> = "aws_service" / "awsService",
        /// AWS region for signing. Absent: the region of the target, when `awsAuth` is on.
        /// Option `aws_region`.
        #[serde(default)]
        #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
        aws_region: Option<String> = "aws_region" / "awsRegion",
        /// ARN of a role to assume for sending, for another account (`aws_role_arn`).
        #[serde(default)]
        role_arn: Option<String> = "aws_role_arn" / "roleArn",
        /// External id that the trust policy of that role asks for (`aws_external_id`).
        #[serde(default, deserialize_with = "crate::v1alpha1::serde_util::blank_as_none")]
        external_id: Option<String> = "aws_external_id" / "externalId",
        /// STS endpoint to use with `roleArn`. Option `aws_sts_endpoint`.
        #[serde(default)]
        aws_sts_endpoint: Option<String> = "aws_sts_endpoint" / "awsStsEndpoint",
        /// HTTP proxy, such as `http://proxy:3128`.
        #[serde(default)]
        proxy: Option<String> = "proxy" / "proxy",
        /// Compression of requests: gzip, snappy, zstd. Absent: none.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",
        /// Profile in the credentials file of the image, for images that bring one. Option
        /// `aws_profile`.
        #[serde(default)]
        aws_profile: Option<String> = "aws_profile" / "awsProfile",
        /// How long an answer may take, such as `60s` (absent). Option `http.response_timeout`.
        #[serde(default)]
        http_response_timeout: Option<String> = "http.response_timeout" / "httpResponseTimeout",
        /// How long a connection may be silent while an answer is read, such as `10s`. Absent: no
        /// limit. Option `http.read_idle_timeout`.
        #[serde(default)]
        http_read_idle_timeout: Option<String> = "http.read_idle_timeout" / "httpReadIdleTimeout",
        /// Field for the time in format gelf. Option `gelf_timestamp_key`.
        #[serde(default)]
        gelf_timestamp_key: Option<String> = "gelf_timestamp_key" / "gelfTimestampKey",
        /// Field for the host in format gelf. Option `gelf_host_key`.
        #[serde(default)]
        gelf_host_key: Option<String> = "gelf_host_key" / "gelfHostKey",
        /// Field for the short message in format gelf. Option `gelf_short_message_key`.
        #[serde(default)]
        gelf_short_message_key: Option<String> = "gelf_short_message_key" / "gelfShortMessageKey",
        /// Field for the full message in format gelf. Option `gelf_full_message_key`.
        #[serde(default)]
        gelf_full_message_key: Option<String> = "gelf_full_message_key" / "gelfFullMessageKey",
        /// Field for the level in format gelf. Option `gelf_level_key`.
        #[serde(default)]
        gelf_level_key: Option<String> = "gelf_level_key" / "gelfLevelKey",
        /// Whether requests carry a token of an OAuth2 server, for Fluent Bit 5.1 and later. Absent:
        /// false. The secret of the client goes into `secretOptions` as `oauth2.client_secret`.
        /// Option `oauth2.enable`.
        #[serde(default)]
        oauth2_enable: Option<bool> = "oauth2.enable" / "oauth2Enable",
        /// URL of the token endpoint. Option `oauth2.token_url`.
        #[serde(default)]
        oauth2_token_url: Option<String> = "oauth2.token_url" / "oauth2TokenUrl",
        /// Id of the client. Option `oauth2.client_id`.
        #[serde(default)]
        oauth2_client_id: Option<String> = "oauth2.client_id" / "oauth2ClientId",
        /// Scope to ask for. Option `oauth2.scope`.
        #[serde(default)]
        oauth2_scope: Option<String> = "oauth2.scope" / "oauth2Scope",
        /// Audience to ask for. Option `oauth2.audience`.
        #[serde(default)]
        oauth2_audience: Option<String> = "oauth2.audience" / "oauth2Audience",
        /// Resource to ask for. Option `oauth2.resource`.
        #[serde(default)]
        oauth2_resource: Option<String> = "oauth2.resource" / "oauth2Resource",
        /// How the client proves itself: basic (absent), post, private_key_jwt. Option
        /// `oauth2.auth_method`.
        #[serde(default)]
        #[schemars(extend("enum" = ["basic", "post", "private_key_jwt"]))]
        oauth2_auth_method: Option<String> = "oauth2.auth_method" / "oauth2AuthMethod",
        /// User agent towards the token endpoint. Option `oauth2.user_agent`.
        #[serde(default)]
        oauth2_user_agent: Option<String> = "oauth2.user_agent" / "oauth2UserAgent",
        /// Path of the private key inside the router image, for private_key_jwt. Option
        /// `oauth2.jwt_key_file`.
        #[serde(default)]
        oauth2_jwt_key_file: Option<String> = "oauth2.jwt_key_file" / "oauth2JwtKeyFile",
        /// Path of the certificate inside the router image, for private_key_jwt. Option
        /// `oauth2.jwt_cert_file`.
        #[serde(default)]
        oauth2_jwt_cert_file: Option<String> = "oauth2.jwt_cert_file" / "oauth2JwtCertFile",
        /// Audience of the assertion. Absent: the token URL. Option `oauth2.jwt_aud`.
        #[serde(default)]
        oauth2_jwt_aud: Option<String> = "oauth2.jwt_aud" / "oauth2JwtAud",
        /// Header of the assertion that names the certificate: kid (absent) or x5t. Option
        /// `oauth2.jwt_header`.
        #[serde(default)]
        oauth2_jwt_header: Option<String> = "oauth2.jwt_header" / "oauth2JwtHeader",
        /// Seconds that an assertion is valid. Absent: 300. Option `oauth2.jwt_ttl_seconds`.
        #[serde(default)]
        #[schemars(range(min = 1, max = 86400))]
        oauth2_jwt_ttl_seconds: Option<u32> = "oauth2.jwt_ttl_seconds" / "oauth2JwtTtlSeconds",
        /// Seconds before its end that a token is renewed. Absent: 60. Option
        /// `oauth2.refresh_skew_seconds`.
        #[serde(default)]
        #[schemars(range(min = 0, max = 86400))]
        oauth2_refresh_skew_seconds: Option<u32> = "oauth2.refresh_skew_seconds" / "oauth2RefreshSkewSeconds",
        /// How long the token endpoint may take, such as `5s`. Absent: no limit. Option
        /// `oauth2.timeout`.
        #[serde(default)]
        oauth2_timeout: Option<String> = "oauth2.timeout" / "oauth2Timeout",
        /// How long connecting to the token endpoint may take. Absent: no limit. Option
        /// `oauth2.connect_timeout`.
        #[serde(default)]
        oauth2_connect_timeout: Option<String> = "oauth2.connect_timeout" / "oauth2ConnectTimeout",
    }
}
