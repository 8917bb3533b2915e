/** A keeper of the Wi-Fi that has nothing to say and wants no restart. */
export const contentWifiKeeper = {
    restartFor: "",
    beforeReboot: async (): Promise<void> => {},
    problem: (): string => "",
}
