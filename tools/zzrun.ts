import { readFileSync, writeFileSync, mkdirSync } from "node:fs"
import { optimize } from "./optimize"
const d = JSON.parse(readFileSync("/tmp/int/.devicescript/bin/bytecode-dbg.json", "utf8"))
mkdirSync("/tmp/zzbuilt", {recursive:true})
writeFileSync("/tmp/zzbuilt/mainsim.devs", optimize(Buffer.from(d.binary.hex, "hex")).image)
