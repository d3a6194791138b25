//! Lua code of several lines as the one line that a classic Fluent Bit value can hold.
//!
//! Lua takes a line break for a blank everywhere but inside strings and behind `--`. So comments are
//! left out, runs of blanks outside strings become one blank, and what a string holds is written with
//! escapes. Names, numbers and operators are not changed.
//! <https://www.lua.org/manual/5.1/manual.html#2.1>

use std::iter::Peekable;
use std::str::Chars;

use thiserror::Error;

/// Why a piece of Lua cannot be written on one line. Lua would refuse the first three as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LuaProblem {
    /// Nothing but blanks and comments.
    #[error("holds no Lua code")]
    Empty,
    /// A string without its end, or a line break in a string of one line.
    #[error("line {0}: a string has no end")]
    String(usize),
    /// `[[` or `--[[` without `]]`.
    #[error("line {0}: a long string or comment has no end")]
    Long(usize),
    /// A control character, or `${`, which is not Lua and would be replaced by Fluent Bit.
    #[error("line {0}: a character that is not Lua")]
    Character(usize),
}

/// Returns the code on one line. It does the same; only line numbers in error messages are lost.
///
/// The result holds no control character and no `${`, which Fluent Bit would take for a variable:
/// inside strings both are written as escapes.
///
/// # Errors
/// [`LuaProblem`]: the code has no statement, is cut off, or has a character that no line can hold.
pub fn one_line(code: &str) -> Result<String, LuaProblem> {
    let mut lexer = Lexer {
        rest: code.chars().peekable(),
        line: 1,
        out: String::with_capacity(code.len()),
    };
    lexer.run()?;
    match lexer.out.trim_end() {
        "" => Err(LuaProblem::Empty),
        line => Ok(line.to_owned()),
    }
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    out: String,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn run(&mut self) -> Result<(), LuaProblem> {
        while let Some(c) = self.next() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' => self.blank(),
                '"' | '\'' => self.short_string(c)?,
                '-' if self.rest.peek() == Some(&'-') => {
                    self.next();
                    self.comment()?;
                }
                '[' => match self.long_opening() {
                    Opening::Level(level) => self.long_string(level)?,
                    Opening::Plain(equals) => {
                        self.out.push('[');
                        self.out.extend(std::iter::repeat_n('=', equals));
                    }
                },
                c if must_be_escaped(c) => return Err(LuaProblem::Character(self.line)),
                '{' if self.out.ends_with('$') => return Err(LuaProblem::Character(self.line)),
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
    }

    /// Skips a comment, after its `--`: a long comment, else the rest of the line.
    /// Writes a blank in its place to keep its neighbours apart.
    fn comment(&mut self) -> Result<(), LuaProblem> {
        if self.rest.peek() == Some(&'[') {
            self.next();
            if let Opening::Level(level) = self.long_opening() {
                self.long_body(level)?;
                self.blank();
                return Ok(());
            }
        }
        while self.rest.peek().is_some_and(|c| *c != '\n' && *c != '\r') {
            self.next();
        }
        self.blank();
        Ok(())
    }

    /// Reports, after a `[`, whether `=`s and another `[` follow. The `=`s are consumed in any case.
    fn long_opening(&mut self) -> Opening {
        let mut level = 0;
        while self.rest.peek() == Some(&'=') {
            self.next();
            level += 1;
        }
        if self.rest.peek() == Some(&'[') {
            self.next();
            Opening::Level(level)
        } else {
            Opening::Plain(level)
        }
    }

    /// Returns the text up to the closing bracket. Every kind of line break is one `\n` to Lua, and one
    /// directly after the opening bracket does not count.
    fn long_body(&mut self, level: usize) -> Result<String, LuaProblem> {
        let begins = self.line;
        let closing = format!("]{}]", "=".repeat(level));
        let mut body = String::new();
        while let Some(c) = self.next() {
            match c {
                '\n' | '\r' => {
                    let second = if c == '\n' { '\r' } else { '\n' };
                    if self.rest.peek() == Some(&second) {
                        self.next();
                    }
                    body.push('\n');
                }
                c => body.push(c),
            }
            if body.ends_with(&closing) {
                body.truncate(body.len() - closing.len());
                let first_break = usize::from(body.starts_with('\n'));
                return Ok(body.split_off(first_break));
            }
        }
        Err(LuaProblem::Long(begins))
    }

    fn long_string(&mut self, level: usize) -> Result<(), LuaProblem> {
        let body = self.long_body(level)?;
        self.out.push('"');
        for c in body.chars() {
            match c {
                '"' | '\\' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c => self.string_character(c),
            }
        }
        self.out.push('"');
        Ok(())
    }

    fn short_string(&mut self, quote: char) -> Result<(), LuaProblem> {
        let begins = self.line;
        self.out.push(quote);
        loop {
            match self.next() {
                None | Some('\n' | '\r') => return Err(LuaProblem::String(begins)),
                Some('\\') => self.escape(begins)?,
                Some(c) if c == quote => {
                    self.out.push(quote);
                    return Ok(());
                }
                Some(c) => self.string_character(c),
            }
        }
    }

    /// Copies an escape, after its backslash: an escaped line break is a line break in the string, `\z` skips
    /// blanks (LuaJIT has it), all others are copied as they are.
    fn escape(&mut self, begins: usize) -> Result<(), LuaProblem> {
        match self.next() {
            None => Err(LuaProblem::String(begins)),
            Some(c @ ('\n' | '\r')) => {
                let second = if c == '\n' { '\r' } else { '\n' };
                if self.rest.peek() == Some(&second) {
                    self.next();
                }
                self.out.push_str("\\n");
                Ok(())
            }
            Some('z') => {
                while self.rest.peek().is_some_and(|c| is_lua_blank(*c)) {
                    self.next();
                }
                Ok(())
            }
            Some(c) if must_be_escaped(c) => Err(LuaProblem::Character(self.line)),
            Some(c) => {
                self.out.push('\\');
                self.out.push(c);
                Ok(())
            }
        }
    }

    /// Writes a character of a string. An escape has three digits, so that
    /// a digit after it does not become part of it.
    fn string_character(&mut self, c: char) {
        if must_be_escaped(c) || (c == '{' && self.out.ends_with('$')) {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                self.out.push_str(&format!("\\{byte:03}"));
            }
        } else {
            self.out.push(c);
        }
    }
}

enum Opening {
    /// A long bracket with so many `=`.
    Level(usize),
    /// An ordinary `[` and so many `=` after it.
    Plain(usize),
}

/// Whether Lua skips the character between tokens.
fn is_lua_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// Whether the character is not allowed in a line of a configuration file.
fn must_be_escaped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_become_one_that_says_the_same() {
        for (code, expected) in [
            (
                "function f(tag, ts, r)\n  -- a comment\n  r.x = 1\n  return 2, ts, r\nend\n",
                "function f(tag, ts, r) r.x = 1 return 2, ts, r end",
            ),
            ("a = 1--[[ b\n]]c = 2", "a = 1 c = 2"),
            ("a = 1--[==[ ]] ]=] ]==]c = 2", "a = 1 c = 2"),
            ("a = 1 --[= b\nc = 2", "a = 1 c = 2"),
            ("x = '-- no comment' -- one", "x = '-- no comment'"),
            ("x = [[\nA\n\"B\"\\n]]", "x = \"A\\010\\\"B\\\"\\\\n\""),
            ("x = [=[ ]] ]=]", "x = \" ]] \""),
            ("x = t[ [[k]] ]", "x = t[ \"k\" ]"),
            ("x = t[1] y = t[a[2]]", "x = t[1] y = t[a[2]]"),
            ("x = 'a\\\nb'", "x = 'a\\nb'"),
            ("x = 'a\\\r\nb'", "x = 'a\\nb'"),
            ("x = 'a\\z  \n  b'", "x = 'ab'"),
            ("x = '\\''\n..\"\\\"\"", "x = '\\'' ..\"\\\"\""),
            ("x = 'a\tb\u{2028}'", "x = 'a\\009b\\226\\128\\168'"),
            ("x = '${HOME}'", "x = '$\\123HOME}'"),
            ("x = [[${HOME}]]", "x = \"$\\123HOME}\""),
            ("x = '\\${HOME}'", "x = '\\$\\123HOME}'"),
            ("x = 'größe'", "x = 'größe'"),
            ("a = b\r\n\r\n\r\nc = d", "a = b c = d"),
            ("a = 5 - -3", "a = 5 - -3"),
        ] {
            assert_eq!(one_line(code).as_deref(), Ok(expected), "{code:?}");
        }
    }

    #[test]
    fn what_lua_would_not_take_is_refused_with_its_line() {
        for (code, expected) in [
            ("", LuaProblem::Empty),
            (" -- only words\n", LuaProblem::Empty),
            ("\nx = 'a\n'", LuaProblem::String(2)),
            ("x = \"a", LuaProblem::String(1)),
            ("x = 'a\\", LuaProblem::String(1)),
            ("\n\nx = [[a", LuaProblem::Long(3)),
            ("--[==[ a ]=]", LuaProblem::Long(1)),
            ("x = 1\u{0}", LuaProblem::Character(1)),
            ("x = ${HOME}", LuaProblem::Character(1)),
            ("x = '\\\u{0}'", LuaProblem::Character(1)),
        ] {
            assert_eq!(one_line(code), Err(expected), "{code:?}");
        }
    }

    #[test]
    fn what_is_on_one_line_already_stays_as_it_is() {
        let code = "function f(t, ts, r) r['x'] = 1 return 2, ts, r end";
        assert_eq!(one_line(code).as_deref(), Ok(code));
        let twice = one_line("x = [[a\nb]] -- c\ny = 2").unwrap();
        assert_eq!(one_line(&twice).as_deref(), Ok(twice.as_str()));
    }
}
