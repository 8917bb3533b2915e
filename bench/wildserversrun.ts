export { runWild } from "../test/wildservers/campaign"
