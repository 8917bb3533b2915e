import type { Random } from "../../test/support/random"

// Possible replies of a server that knows nothing of the protocol.

const replies = [
    "220 hello",
    "120 soon",
    "331 password please",
    "230 in",
    "200 binary",
    "213 0",
    "213 1",
    "213 4294967295",
    "213 99999999999",
    "213 -1",
    "213",
    "550 no such file",
    "450 busy",
    "350 from there",
    "250 gone",
    "229 ok (|||50000|)",
    "229 (|||0|)",
    "229 (|||65536|)",
    "229 ||||",
    "227 ok (1,2,3,4,5,6)",
    "227 (1,2,3,4,255,255,255)",
    "227 ,,,,,",
    "150 go on",
    "226 done",
    "421 going down",
    "425 no data connection",
    "452 disk full",
    "500 what?",
    "530 who?",
    "553 no such name",
    "999 beyond",
    "100 too early",
    "000 nothing",
    "-30 minus",
    "2 2 0",
    "",
]

const heads = [
    "HTTP/1.1 200 OK",
    "HTTP/1.1 201 Created",
    "HTTP/1.1 404 Not Found",
    "HTTP/1.1 502 Bad Gateway",
    "HTTP/1.1 500 Internal Server Error",
    "HTTP/1.1 401 Unauthorized",
    "HTTP/1.1 100 Continue",
    "HTTP/1.0 200",
    "HTTP/1.1",
    "HTTP/9.9 200 OK",
    "220 FTP",
    "",
]

const fields = [
    "Content-Length: 0",
    "Content-Length: 5",
    "Content-Length:-7",
    "Content-Length: 99999999999",
    "content-length:",
    "Date: Sun, 22 Nov 2026 12:34:56 GMT",
    "Date: Sun, 99 Foo 2026 12:34:56 GMT",
    "X: y",
    " folded",
    "\tfolded",
    ":",
    "no colon",
]

function bytes(random: Random, count: number, from = 256): string {
    return Array.from({ length: count }, () => String.fromCharCode(random.below(from))).join("")
}

/** Mostly few, often as many as the board accepts at once, sometimes more than it holds. */
function howMany(random: Random): number {
    return random.below(random.pick([300, 300, 300, 9000, 9000, 40_000]))
}

/** Bytes of various kinds, one character per byte. */
export function noise(random: Random): string {
    const count = howMany(random)
    return random.pick([
        () => bytes(random, count),
        () => bytes(random, count, 128),
        () => "\n".repeat(count),
        () => "\r\n".repeat(count / 2),
        () => random.pick([" ", "\0", "x", "<", "|", ",", "9", "\u00ff", "-"]).repeat(count),
        () => "220-x\r\n".repeat(count / 7),
    ])()
}

/** One reply, expected or not. */
export function reply(random: Random): string {
    if (random.chance(0.15)) return noise(random)
    const one = random.pick(replies)
    const end = random.pick(["\r\n", "\r\n", "\r\n", "\n", "\r", ""])
    if (random.chance(0.1)) {
        const code = one.slice(0, 3)
        const lines = Array.from({ length: random.below(30) }, () => random.pick(replies))
        return [`${code}-begin`, ...lines, `${code} end`].join("\r\n") + end
    }
    if (random.chance(0.1)) return one + bytes(random, random.below(400), 127) + end
    if (random.chance(0.1)) return one.slice(0, 3) + random.pick(["-", " "]) + noise(random) + end
    return one + end
}

/** A gateway's answer, or something like it. */
export function httpAnswer(random: Random): string {
    const lines = [random.pick(heads)]
    for (let count = random.below(8); count > 0; --count)
        lines.push(random.chance(0.1) ? noise(random) : random.pick(fields))
    const page = random.pick([
        () => "",
        () => noise(random),
        () => `<html><pre>${reply(random)}</pre><pre>${reply(random)}`,
        () => "<".repeat(howMany(random)),
    ])()
    return lines.join(random.pick(["\r\n", "\r\n", "\n"])) + "\r\n\r\n" + page
}
