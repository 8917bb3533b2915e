/** A file of the page's folder. Throws an Error if the server does not have it. */
export async function asset(name: string): Promise<Uint8Array> {
    const folder = self.location.href.replace(/[?#].*$/, "").replace(/(assets\/)?[^/]*$/, "")
    const answer = await fetch(new URL(name, folder))
    if (!answer.ok) throw new Error(`${name} is missing on the page's server (${answer.status})`)
    return new Uint8Array(await answer.arrayBuffer())
}
