export { allCases, runCases } from "../test/uploadfaults/campaign"
export { formatMessages, formatTables, formatViolations } from "../test/uploadfaults/report"
