/** A Wi-Fi keeper that has no problem and wants no restart. */
export const contentWifiKeeper = {
    restartFor: "",
    beforeReboot: async (): Promise<void> => {},
    problem: (): string => "",
}
