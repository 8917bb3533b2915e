import type { SimHost } from "../../sim/net/hosts"
import type { TcpEnd } from "../../sim/net/tcp"

/**
 * An HTTP proxy that speaks FTP, as far as the board uses one: it answers one request per
 * connection and closes right after its answer.
 */
export class SimGateway {
    readonly files = new Map<string, Buffer>()
    requests = 0
    /** Methods and names, in order. */
    readonly asked: string[] = []
    /** Replaces the usual answer, head and page. */
    dress: (answer: string, method: string, name: string) => string = answer => answer
    /** A job on the server removes each received file at once. */
    takesAway = false

    constructor(host: SimHost, port = 3128) {
        host.listen(port, end => this.serve(end))
    }

    private serve(end: TcpEnd): void {
        let input = Buffer.alloc(0)
        end.onChange = () => {
            for (let data = end.read(1 << 16); data; data = end.read(1 << 16))
                input = Buffer.concat([input, data])
            const head = input.indexOf("\r\n\r\n")
            if (end.over !== "") end.close()
            if (head < 0 || end.over !== "") return
            const text = input.toString("latin1", 0, head)
            const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
            if (input.length < head + 4 + length) return
            this.requests++
            const answer = this.answer(text, Buffer.from(input.subarray(head + 4)))
            end.write(Buffer.from(answer, "latin1"))
            end.close()
        }
    }

    private answer(head: string, body: Buffer): string {
        const request = /^(\w+) ftp:\/\/[^/]*\/(\S*) HTTP\/1\.1\r\n/.exec(head)
        if (!request) return "HTTP/1.1 400 Bad Request\r\n\r\n"
        const [, method, name] = request
        this.asked.push(`${method} ${name}`)
        const usual = this.usual(method, name, body) + "Connection: close\r\n\r\n"
        return this.dress(usual, method, name)
    }

    private usual(method: string, name: string, body: Buffer): string {
        const file = this.files.get(name)
        if (method === "PUT") {
            if (!this.takesAway) this.files.set(name, body)
            return "HTTP/1.1 201 Created\r\n"
        }
        if (name === "") return "HTTP/1.1 200 OK\r\n"
        if (!file) return "HTTP/1.1 404 Not Found\r\n"
        return `HTTP/1.1 200 OK\r\nContent-Length: ${file.length}\r\n`
    }
}
