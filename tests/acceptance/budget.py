"""What a run costs, said before it begins.

Must never be lower than what a run can use: every number here is an upper bound.
"""

# List prices of us-east-1 in dollars, read on 2026-09-23: https://aws.amazon.com/fargate/pricing/ (Linux, x86),
# https://aws.amazon.com/vpc/pricing/ (public IPv4 addresses), https://aws.amazon.com/cloudwatch/pricing/ (logs).
PRICES_OF = "2026-09-23"
VCPU_HOUR = 0.04048
GIB_HOUR = 0.004445
ADDRESS_HOUR = 0.005
LOG_GIB = 0.50

# One task of each service; while a service is deployed the old and the new one run side by side.
SERVICES = 3
BLUE_GREEN_SERVICES = 1
TASK_VCPU = 0.25
TASK_GIB = 0.5
MINUTES = 75
LOG_GIB_AT_MOST = 0.05


def tasks():
    """Most tasks that run at one time."""
    return 2 * (SERVICES + BLUE_GREEN_SERVICES)


def dollars():
    hours = MINUTES / 60
    task_hour = TASK_VCPU * VCPU_HOUR + TASK_GIB * GIB_HOUR + ADDRESS_HOUR
    return tasks() * hours * task_hour + LOG_GIB_AT_MOST * LOG_GIB


def lines(account, region, run):
    return [
        f"Run {run} in account {account}, region {region}:",
        (
            f"  at most {tasks()} Fargate tasks at one time, each {TASK_VCPU} vCPU and {TASK_GIB} GiB, "
            f"in {SERVICES + BLUE_GREEN_SERVICES} services"
        ),
        f"  at most {MINUTES} minutes",
        f"  at most ${dollars():.2f} (list prices of us-east-1 on {PRICES_OF}; other regions differ)",
        "  beside them: 1 cluster, 1 bucket, 2 log groups, 3 roles, 3 managed policies, no load balancer, no NAT gateway",
        f"  every name holds {run}; all of it is removed when the run ends, however it ends",
    ]
