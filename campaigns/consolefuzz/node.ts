export { ShellCampaign } from "./shellcampaign"
export { FuzzedBoard } from "./vmcampaign"
