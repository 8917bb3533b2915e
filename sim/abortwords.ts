/** The lines the ESP32 prints on its serial line before its processor restarts. */

/** ESP-IDF's lines when a call fails that must not. */
export function checkFailed(error: string, where: string): string[] {
    return [`ESP_ERROR_CHECK failed: ${error}`, where, "abort() was called"]
}

/** The flash driver refuses an empty write. */
export const emptyWriteAbort = checkFailed(
    "esp_err_t 0x102 (ESP_ERR_INVALID_ARG)",
    'file: "./main/flash.c" func: flash_program expression: esp_flash_write(NULL, src, flash_addr(dst), len)',
)

/** A turn of the main loop took too long. */
export const watchdogAbort = [
    "Task watchdog got triggered. The following tasks did not reset the watchdog in time:",
    " - sys_evt (CPU 0)",
    "abort() was called",
]
