// The simulator port's service as services/simport.md defines it; a test compares the two.

export const SRV_SIMPORT = 0x1b5e5101

export enum SimportBus {
    Spi = 0,
}

export enum SimportCmd {
    Reply = 0x80,
}
