import * as ds from "@devicescript/core"

// Shows when short sleeps end and what a loop of known length costs.
for (let i = 0; i < 5; ++i) {
    await ds.sleep(1)
    console.log("woke")
}
console.log("loop begins")
let sum = 0
for (let i = 0; i < 2000; ++i) sum += i
console.log("loop ends " + sum)
