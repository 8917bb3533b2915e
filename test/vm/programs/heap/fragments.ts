import * as ds from "@devicescript/core"

// Cuts the heap into pieces of known sizes, logs each step, then allocates until nothing fits.

const pieceBytes = 1000
const kept: Buffer[] = []
const dropped: Buffer[] = []

/** Other places that keep a buffer alive: a fiber's variable, a closure, an object's array. */
async function holder(held: Buffer): Promise<void> {
    const inner = Buffer.alloc(pieceBytes)
    const closure = () => inner.length
    const object = { list: [Buffer.alloc(pieceBytes), held] }
    for (;;) {
        await ds.sleep(500)
        if (closure() + object.list.length === 0) console.log("never")
    }
}

for (let i = 0; i < 8; ++i) {
    kept.push(Buffer.alloc(pieceBytes))
    dropped.push(Buffer.alloc(pieceBytes))
}
holder.start(Buffer.alloc(pieceBytes))
await ds.sleep(50)
console.log("cut")
await ds.sleep(50)
for (let i = 0; i < 8; ++i) dropped.pop()
console.log("dropped")
await ds.sleep(50)
console.log("asking " + dropped.length)
for (let i = 0; i < 100; ++i) kept.push(Buffer.alloc(pieceBytes / 2))
