export { allCases, runCases } from "./campaign"
export { formatMessages, formatTables, formatViolations } from "./report"
