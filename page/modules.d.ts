/** The DeviceScript runtime's code, extracted from its package by the build (page/build.ts). */
declare module "virtual:runtime" {
    const body: (...globals: unknown[]) => void
    export default body
}

declare module "*.css"
