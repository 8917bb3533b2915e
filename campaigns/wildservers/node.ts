export { runWild } from "./campaign"
