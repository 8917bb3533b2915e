import { PassThrough } from "node:stream"

export class FakeTty extends PassThrough {
    isTTY = true
    columns = 40
    shown = ""

    constructor() {
        super()
        this.on("data", text => (this.shown += text))
    }
}
