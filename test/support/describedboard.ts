/** The answer to `describe` of a board with few settings and commands. */
export const description = [
    { kind: "bms-mini", format: 1 },
    { kind: "setting", key: "sd.enable", type: "flag", unit: "" },
    { kind: "setting", key: "sd.period", type: "number", unit: "s" },
    { kind: "setting", key: "battery.chemistry", type: "enum", unit: "LFP,NMC" },
    { kind: "setting", key: "reset.days", type: "days", unit: "" },
    { kind: "setting", key: "reset.count", type: "count", unit: "" },
    { kind: "setting", key: "ftp.password", type: "secret", unit: "" },
    { kind: "setting", key: "console.password", type: "hash", unit: "" },
    { kind: "command", words: "help", arguments: "[command]" },
    { kind: "command", words: "status", arguments: "" },
    { kind: "command", words: "show", arguments: "[key|section]" },
    { kind: "command", words: "set", arguments: "<key> <value>" },
    { kind: "command", words: "defaults", arguments: "<key|section|all> [yes]" },
    { kind: "command", words: "card", arguments: "" },
    { kind: "command", words: "card ls", arguments: "[directory]" },
    { kind: "command", words: "card cat", arguments: "<file>" },
    { kind: "command", words: "login", arguments: "<password>" },
    { kind: "future", member: 1 },
    { kind: "alarm", name: "FTP", bit: 18, active: false },
    { kind: "state", name: "up", value: "0 d" },
]
    .map(one => JSON.stringify(one))
    .join("\n")
/** Its answer to `help` before the log-in. */
export const help =
    "help [command]                    list the commands\nlogin <password>                  log in\n"
