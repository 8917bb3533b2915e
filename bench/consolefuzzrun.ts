export { ShellCampaign } from "../test/consolefuzz/shellcampaign"
export { FuzzedBoard } from "../test/consolefuzz/vmcampaign"
