import tseslint from "typescript-eslint"

export default tseslint.config(
    { ignores: ["node_modules", ".devicescript", "built", ".bms-mini", ".cache"] },
    ...tseslint.configs.recommended,
    {
        rules: {
            "no-constant-condition": ["error", { checkLoops: false }],
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", caughtErrors: "none" },
            ],
        },
    },
    {
        // DeviceScript's own idioms: strings joined with +, parts of its runtime that are typed `any`.
        files: ["src/**/*.ts", "test/**/*.ts"],
        rules: {
            "@typescript-eslint/no-explicit-any": "off",
            "@typescript-eslint/no-this-alias": "off",
        },
    },
    {
        files: ["src/**/*.ts", "sim/**/*.ts", "console/**/*.ts", "optimizer/**/*.ts"],
        rules: {
            "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
            "max-lines-per-function": [
                "error",
                { max: 60, skipBlankLines: true, skipComments: true },
            ],
        },
    },
)
