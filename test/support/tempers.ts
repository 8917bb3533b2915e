import type { FtpTemper } from "../../sim/net/ftptemper"

/** A server's temper, and the settings of a board that uses it. */
export interface NamedTemper {
    name: string
    temper: FtpTemper
    /** The setting ftp.directory. */
    directory?: string
    /** The setting ftp.password; the server accepts "right". */
    password?: string
}

/** The days on the card, oldest first. */
export const temperedDays = ["20261120", "20261121", "20261122"]

const [oldest, middle, youngest] = temperedDays

function says(verb: string, reply: string): FtpTemper["answer"] {
    return said => (said === verb ? reply : undefined)
}

function refuses(days: string[], reply: string): FtpTemper {
    return { refusal: path => (days.some(day => path.includes(day)) ? reply : undefined) }
}

const latin1Banner =
    Array.from({ length: 40 }, (_, i) => `220-Gr\u00fc\u00dfe vom NAS, ${i} \u00b0C`).join("\r\n") +
    "\r\n220 M\u00fcller & S\u00f6hne"

/** Servers that get everything in spite of their temper. */
export const kindTempers: NamedTemper[] = [
    { name: "the simulator's own", temper: {} },
    { name: "greets after 25 s", temper: { greetingMs: 25_000 } },
    { name: "greets after 50 s", temper: { greetingMs: 50_000 } },
    { name: "a greeting of 41 lines in Latin-1", temper: { greeting: latin1Banner } },
    { name: "replies a byte at a time", temper: { pieceBytes: 1 } },
    { name: "no EPSV", temper: { answer: says("EPSV", "500 What?") } },
    {
        name: "EPSV answered in another form",
        temper: { answer: says("EPSV", "229 Extended Passive Mode OK (6446)") },
    },
    ...(["dead", "silent", "closing", "unread"] as const).map(port => ({
        name: `EPSV's data port ${port}`,
        temper: { dataPort: (verb: string) => (verb === "EPSV" ? port : undefined) },
    })),
    { name: "talks on the data connection", temper: { dataPort: () => "talking" } },
    ...["450 No such file", "451 Not here", "551 ENOENT", "553 What?"].map(missing => ({
        name: `SIZE of a missing file: ${missing}`,
        temper: { missing },
    })),
    { name: "no FEAT", temper: { answer: says("FEAT", "502 What?") } },
    { name: "no DELE", temper: { answer: says("DELE", "550 Not allowed") } },
    { name: "files are seen after 3 s", temper: { hiddenMs: 3000 } },
    { name: "files are seen after 20 s", temper: { hiddenMs: 20_000 } },
    { name: "one connection per address", temper: { connectionsMax: 1 } },
    {
        name: "only a folder can be written",
        directory: "logs/My B\u00f6ard",
        temper: {
            refusal: path => (path.startsWith("/logs/My B\u00f6ard/") ? undefined : "553 No"),
        },
    },
]

/** Servers that cannot get everything. */
export const unkindTempers: NamedTemper[] = [
    { name: "refuses the oldest: 550", temper: refuses([oldest], "550 In use") },
    { name: "refuses the youngest: 553", temper: refuses([youngest], "553 Not that one") },
    { name: "refuses the two oldest: 452", temper: refuses([oldest, middle], "452 No room") },
    { name: "refuses all: 550", temper: refuses(temperedDays, "550 Read-only") },
    { name: "its disk holds 8,000 bytes", temper: { diskBytes: 8000 } },
    { name: "removes each file at once", temper: { takesAway: () => true } },
    { name: "both data ports dead", temper: { dataPort: () => "dead" } },
    { name: "both data ports silent", temper: { dataPort: () => "silent" } },
    {
        name: "no passive mode",
        temper: { answer: verb => (/EPSV|PASV/.test(verb) ? "502 What?" : undefined) },
    },
    { name: "no SIZE", temper: { answer: says("SIZE", "500 What?") } },
    { name: "too many connections", temper: { connectionsMax: 0 } },
    {
        name: "drops transfers with their control connection",
        temper: { dropsTransfers: true, deletesBroken: true },
    },
    {
        name: "repeats the password",
        password: "s3same",
        temper: { answer: says("PASS", "530 \u001b[2JNo user with s3same\u0007, s3same!") },
    },
    {
        name: "refuses to make folders",
        directory: "a/b",
        temper: { answer: says("MKD", "550 Not allowed") },
    },
    { name: "2 MB instead of a greeting", temper: { greeting: "x".repeat(2 << 20) } },
    {
        name: "7 KB of line feeds inside an answer",
        temper: { answer: says("PASS", "230-in" + "\n".repeat(7168)) },
    },
    {
        name: "7 KB of line feeds after an answer",
        temper: { answer: says("PASS", "230 in" + "\n".repeat(7168)) },
    },
    {
        name: "16 KB at once after an answer",
        temper: { answer: says("PASS", "230 in\r\n" + "x".repeat(16 << 10)) },
    },
]
