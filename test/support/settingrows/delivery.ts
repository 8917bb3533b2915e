import { expect } from "vitest"
import { type Row } from "./row"

/** When to upload, and what. */
export const sessionRows: Row[] = [
    {
        keys: ["ftp.enable"],
        lines: ["ftp", "set ftp.enable on", "sleep 10s", "ftp"],
        check: answers => {
            expect(answers[0]).toContain("state: off: set ftp.enable")
            expect(answers[3]).not.toContain("state: off")
        },
    },
    {
        keys: ["ftp.period"],
        lines: [
            "set ftp.period 604800",
            "ftp",
            "set ftp.period 50000",
            "ftp",
            "set ftp.enable off",
        ],
        check: answers => {
            expect(answers[1]).toMatch(/next try in 604\d\d\d s/)
            expect(answers[3]).toMatch(/next try in 49\d\d\d s/)
        },
    },
    {
        keys: ["ftp.cells"],
        lines: ["set ftp.cells on", "ftp send"],
        check: answers => expect(answers[1]).toContain("files confirmed since the start"),
    },
    {
        keys: ["ftp.host"],
        lines: ["set ftp.host nowhere.invalid", "-ftp test", "set ftp.host 127.0.0.1"],
        check: answers => expect(answers[1]).toContain("error: "),
    },
]

/** The server and a gateway on this machine. */
export function serverRows(ftpPort: number, httpPort: number): Row[] {
    return [
        {
            keys: ["ftp.port", "ftp.user", "ftp.password"],
            lines: [
                `set ftp.port ${ftpPort}`,
                "set ftp.user bob",
                "set ftp.password geheim-1",
                "ftp test",
            ],
            check: answers => expect(answers[3]).toContain("mode: direct"),
        },
        {
            keys: ["ftp.directory"],
            lines: ["set ftp.directory a/b", "ftp test", 'set ftp.directory ""'],
            check: answers => expect(answers[1]).toContain("mode: direct"),
        },
        {
            keys: ["ftp.gateway"],
            lines: [`set ftp.gateway 127.0.0.1:${httpPort}`, "-ftp test", 'set ftp.gateway ""'],
            check: answers => expect(answers[1]).toContain("logging in"),
        },
    ]
}

/** The time server on this machine, and the log-in. */
export function accessRows(httpPort: number): Row[] {
    return [
        {
            keys: ["time.server"],
            lines: ["-time sync", `set time.server 127.0.0.1:${httpPort}`, "sleep 5s", "time"],
            check: answers => {
                expect(answers[0]).toContain("error: time.server is empty")
                expect(answers[3]).toMatch(/2031-\d\d-\d\d .* from time server/)
            },
        },
        {
            keys: ["console.password"],
            lines: [
                "passwd geheim-2",
                "logout",
                "-status",
                "-login geheim-1",
                "login geheim-2",
                'passwd ""',
            ],
            check: answers => {
                expect(answers[2]).toBe("error: log in first: login <password>\n")
                expect(answers[3]).toBe("error: wrong password\n")
                expect(answers[4]).toBe("ok\n")
            },
        },
    ]
}
