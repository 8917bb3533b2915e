import { createHash } from "node:crypto"
import type { Hashing } from "../../src/core/seams"
import { DeviceBuffer } from "./devicebuffer"

let made = 0

/** The board's hashing. Its random bytes differ per call and repeat in each run. */
export class NodeHashing implements Hashing {
    digest(first: Uint8Array, second: Uint8Array): Buffer {
        const hash = createHash("sha256").update(first).update(second).digest()
        return DeviceBuffer.from(hash) as unknown as Buffer
    }

    random(bytes: number): Buffer {
        const seed = DeviceBuffer.from("random " + ++made)
        return this.digest(seed, DeviceBuffer.alloc(0)).slice(0, bytes)
    }
}
