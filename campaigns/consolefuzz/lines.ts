import { commandRow } from "../../src/console/commandtable"
import { keyCount, Row } from "../../src/settings/schema"
import { Random } from "../../test/support/random"

/** A line as it arrives. */
export interface FuzzLine {
    bytes: Uint8Array
    /** The part that must never be printed. */
    secret?: string
}

/** Every command with its arguments' names. */
const commands = commandRows().map(row => {
    const [words, takes] = row.split(";")
    return { words, takes: takes.split(" ").filter(name => name !== "") }
})
const setCommand = commands.find(({ words }) => words === "set")!
export const rows = Array.from({ length: keyCount }, (_, key) => new Row(key))

const utf8 = new TextEncoder()
const secretToken = "Geheim4711"

const numbers = ["0", "-0", "1", "-1", "2", "7", "60", "65535", "65536", "2147483647", "2147483648"]
const oddNumbers = ["4294967296", "-9999999999", "99999999999", "1.5", "1e3", "0x10", "00012", "+1"]
const texts = [
    "",
    "x",
    "Dachboden, Süd",
    "a b",
    'say "hi"',
    "back\\slash",
    "#",
    "µΩ€😀",
    "😀".repeat(15),
]
const oddTexts = [",", ":", "|", ";", "*", "?", "__proto__", "constructor", "toString", "\u2028"]

/** Valid and nearly valid values for each setting type. */
const valuesOfType: Record<string, string[]> = {
    flag: ["on", "off", "ON", "yes", "no", "true", "false", "0", "1", "2", "o", "on,off"],
    enum: ["LFP", "NMC", "lfp", "", "LFP,NMC", ","],
    days: ["Mon,Thu", "all", "none", "0x09", "0x7F", "0x80", "0x", "mon,", ",", "Mon,Mon", "0xzz"],
    time: ["00:00", "23:59", "24:00", "7:5", "07:05", "-1:00", ":", "0:0:0", "12:60"],
    name: ["ACME-7", "a", "abcdefghijklmnop", "abcdefghijklmnopq", "Ä", "a b", "../x", ""],
    host: [
        "example.org",
        "192.0.2.1",
        "",
        "a..b",
        "-",
        "host name",
        "x".repeat(63),
        "x".repeat(64),
    ],
    folder: ["logs", "a/b c", "/", "a//b", "..", "a/../b", ""],
    "host:port": ["192.0.2.1:3128", "host", ":", ":1", "a:0", "a:65536", "a:1:2", ""],
    "host[:port]": ["example.org", "example.org:80", "a:", ":80", ""],
    zone: [
        "UTC0",
        "+02:00",
        "-12:00",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "CET",
        "M3.5.0",
        "+25:00",
        ",",
    ],
    secret: [secretToken, secretToken.repeat(2), secretToken.repeat(7), secretToken + "\\n", ""],
    hash: [secretToken, "0".repeat(80)],
}

const valuesOfArgument: Record<string, string[]> = {
    command: ["help", "card", "card ls", "set", "nope", ""],
    section: ["ftp", "battery", "sd", "wifi", "user", "reset", "time", "console", "nope", "f", ""],
    directory: ["LOG", "/", "log/", "CELL", "nope", "..", ".", "LOG/20261122.CSV", "a b", ""],
    file: [
        "NOTES.TXT",
        "/notes.txt",
        "LOG/20261122.CSV",
        "LOG",
        "nope",
        "LOG/../X",
        "TOOLONGNAME.TXT",
    ],
    offset: ["0", "1", "512", "99999999", "-1", "x", ""],
    lines: ["1", "3", "100000", "0", "-1", "x", "", "9999999999", "1.5"],
    date: ["2026-11-22", "2026-02-30", "2100-01-01", "0000-00-00", "now", "@1795348800", "@", "@x"],
    time: ["12:00:00", "24:00:00", "12:00", "x", ""],
    password: [secretToken, secretToken + "x", secretToken.repeat(3), '""'],
    yes: ["yes", "no", "YES", "y", ""],
    all: ["all", "ALL"],
}

function commandRows(): string[] {
    const all: string[] = []
    for (let row = commandRow(0); row !== ""; row = commandRow(all.length)) all.push(row)
    return all
}

/** A word of a line, quoted if necessary. */
function quoted(word: string): string {
    const plain = word !== "" && !/[ "\\]/.test(word)
    return plain ? word : `"${word.replace(/["\\]/g, "\\$&")}"`
}

/** Makes console lines of every kind, using the command table and the schema as grammar. */
export class LineFuzzer {
    private readonly kinds: [number, () => FuzzLine][] = [
        [30, () => this.typed(this.right())],
        [12, () => this.typed(this.miscounted())],
        [22, () => ({ bytes: utf8.encode(this.mutated(this.right().text)) })],
        [8, () => ({ bytes: this.randomBytes(this.random.below(80)) })],
        [6, () => ({ bytes: this.fragmented(this.right().text) })],
        [6, () => ({ bytes: utf8.encode(this.withControls(this.right().text)) })],
        [4, () => ({ bytes: utf8.encode(this.long()) })],
        [8, () => this.typed(this.blockLine())],
        [4, () => ({ bytes: utf8.encode(this.random.pick(["", " ", "#", "# set x", '""', '"'])) })],
    ]

    /** @param bytesMax longest line */
    constructor(
        readonly random: Random,
        private readonly bytesMax: number,
    ) {}

    next(): FuzzLine {
        let left = this.random.below(100)
        const kind = this.kinds.find(([share]) => (left -= share) < 0)!
        const line = kind[1]()
        return { ...line, bytes: line.bytes.subarray(0, this.bytesMax) }
    }

    private typed(line: { text: string; secret: boolean }): FuzzLine {
        const bytes = utf8.encode(line.text)
        return line.secret ? { bytes, secret: secretToken } : { bytes }
    }

    /** A command with arguments of the right kind and number, but not always valid values. */
    private right(surplus = 0) {
        const { random } = this
        const { words, takes } = random.chance(0.3) ? setCommand : random.pick(commands)
        const optional = takes.filter(name => name.startsWith("["))
        const count = Math.max(0, takes.length - random.below(optional.length + 1) + surplus)
        let values: string[] = []
        if (words === "set") values = this.keyAndValue()
        else for (const name of takes) values.push(this.argument(name))
        while (values.length < count) values.push(random.pick(oddTexts))
        const given = values.slice(0, count)
        const secret = ["set", "login", "passwd"].includes(words)
        return { text: [words, ...given.map(quoted)].join(" "), secret }
    }

    private miscounted() {
        return this.right(this.random.pick([-2, -1, 1, 2, 20]))
    }

    private blockLine() {
        const { random } = this
        if (random.chance(0.3))
            return { text: random.pick(["import", "end", "end", "end", "abort"]), secret: false }
        const values = this.keyAndValue()
        if (random.chance(0.1)) values.push("x")
        return { text: ["set", ...values.map(quoted)].join(" "), secret: true }
    }

    private keyAndValue(): string[] {
        const { random } = this
        const row = random.pick(rows)
        const name = random.chance(0.05) ? this.mutated(row.name) : row.name
        return [name, this.value(row)]
    }

    private value(row: Row): string {
        const { random } = this
        const known = valuesOfType[row.type]
        if (row.type === "number" && random.chance(0.6)) {
            const { min, max } = row
            const inside = min + random.below(max - min + 1)
            return String(random.pick([min, max, min - 1, max + 1, inside]))
        }
        if (known && (row.isSecret || random.chance(0.8))) return random.pick(known)
        return random.pick([...numbers, ...oddNumbers, ...texts, ...oddTexts])
    }

    private argument(name: string): string {
        const { random } = this
        const kind = random.pick(name.replace(/[<>[\]]/g, "").split("|"))
        if (kind === "key") return random.pick(rows).name
        const known = valuesOfArgument[kind]
        if (kind === "password" || random.chance(0.9)) return random.pick(known)
        return random.pick([...numbers, ...oddNumbers, ...texts, ...oddTexts])
    }

    /** Changes, deletes, doubles, moves or inserts one to four letters. */
    private mutated(text: string): string {
        const { random } = this
        const letters = [...text]
        for (let i = random.below(4); i >= 0; --i) {
            const at = random.below(letters.length + 1)
            const strange = random.pick([...' "\\#;|<>[].,:-_/xX09', "é", "😀", "\\x", '" "'])
            const action = random.below(5)
            if (action === 0) letters.splice(at, 1)
            else if (action === 1) letters.splice(at, 0, strange)
            else if (action === 2) letters.splice(at, 1, strange)
            else if (action === 3) letters.splice(at, 0, ...letters.slice(at, at + random.below(9)))
            else letters.push(...letters.splice(at, random.below(5)))
        }
        const changed = letters.join("")
        return random.chance(0.1) ? changed.toUpperCase() : changed
    }

    private randomBytes(count: number): Uint8Array {
        return Uint8Array.from({ length: count }, () => this.random.below(256))
    }

    /** Inserts somewhere a character that is cut off, endless, overlong or invalid. */
    private fragmented(text: string): Uint8Array {
        const { random } = this
        const fragment = random.pick([[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc0, 0x80]])
        const odd = random.pick([
            [0xed, 0xa0, 0x80],
            [0xff],
            [0x80],
            [0xf8, 0x88, 0x80, 0x80, 0x80],
        ])
        const bytes = [...utf8.encode(text)]
        bytes.splice(random.below(bytes.length + 1), random.below(3), ...fragment)
        if (random.chance(0.5)) bytes.splice(random.below(bytes.length + 1), 0, ...odd)
        return Uint8Array.from(bytes)
    }

    private withControls(text: string): string {
        const { random } = this
        const code = random.pick([...Array(32).keys(), 0x7f, 0x85, 0x9f, 0x9b])
        const escaped = "\\x" + code.toString(16).padStart(2, "0")
        const at = random.below(text.length + 1)
        const put = random.chance(0.5) ? String.fromCharCode(code) : `"${escaped}"`
        return text.slice(0, at) + put + text.slice(at)
    }

    private long(): string {
        const { random } = this
        const length = random.pick([226, 232, 1000, 10_000])
        const begin = random.pick([
            "",
            "set user.address ",
            "set ftp.host ",
            "card cat ",
            '"',
            "# ",
        ])
        const unit = random.pick(["x", " ", "a ", '"', "\\", "\\x41", "Ä", "😀", "0,", "9"])
        return begin + unit.repeat(length / unit.length)
    }
}
