import { request, type IncomingHttpHeaders } from "node:http"

export interface ProxyRequest {
    /** Port of the proxy on 127.0.0.1. */
    proxyPort: number
    method: "HEAD" | "GET" | "PUT"
    /** The whole address, ftp://127.0.0.1:port/name. */
    address: string
    user: string
    password: string
    body?: Uint8Array
}

export interface ProxyAnswer {
    status: number
    headers: IncomingHttpHeaders
    text: string
}

/** Asks a proxy for an address, one connection per request, as the uploader does. */
export async function askProxy(what: ProxyRequest): Promise<ProxyAnswer> {
    const login = Buffer.from(`${what.user}:${what.password}`).toString("base64")
    return await new Promise((resolve, reject) => {
        const asked = request({
            host: "127.0.0.1",
            port: what.proxyPort,
            method: what.method,
            path: what.address,
            headers: {
                Host: new URL(what.address).host,
                Authorization: `Basic ${login}`,
                "Content-Length": what.body?.length ?? 0,
                Connection: "close",
            },
        })
        asked.once("error", reject)
        asked.once("response", response => {
            const parts: Buffer[] = []
            response.on("data", part => parts.push(part))
            response.once("error", reject)
            response.once("end", () =>
                resolve({
                    status: response.statusCode!,
                    headers: response.headers,
                    text: Buffer.concat(parts).toString(),
                }),
            )
        })
        asked.end(what.body)
    })
}
