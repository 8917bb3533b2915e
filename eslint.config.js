import { builtinRules } from "eslint/use-at-your-own-risk"
import tseslint from "typescript-eslint"

const functionLines = builtinRules.get("max-lines-per-function")

/** True for a function passed to `describe`: a list of tests, each in its own function. */
function isSuite({ parent }) {
    if (parent?.type !== "CallExpression") return false
    let callee = parent.callee
    while (callee.type !== "Identifier") callee = callee.callee ?? callee.object ?? callee.tag
    return callee.name === "describe"
}

/** ESLint's own rule, except for suites. */
const functionLinesRule = {
    meta: functionLines.meta,
    create: context =>
        functionLines.create(
            Object.create(context, {
                report: { value: found => isSuite(found.node) || context.report(found) },
            }),
        ),
}

export default tseslint.config(
    { ignores: ["node_modules", ".devicescript", "built", ".bms-mini", ".cache"] },
    ...tseslint.configs.recommended,
    {
        plugins: { sizes: { rules: { "function-lines": functionLinesRule } } },
        rules: {
            "no-constant-condition": ["error", { checkLoops: false }],
            // Prettier wraps code, but not comments.
            "max-len": [
                "error",
                {
                    code: 100,
                    ignoreStrings: true,
                    ignoreTemplateLiterals: true,
                    ignoreRegExpLiterals: true,
                },
            ],
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", caughtErrors: "none" },
            ],
        },
    },
    {
        files: ["{src,sim,console,optimizer,tools,page,test,campaigns,bench}/**/*.{ts,tsx}"],
        rules: {
            "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
            "sizes/function-lines": [
                "error",
                { max: 50, skipBlankLines: true, skipComments: true },
            ],
        },
    },
    {
        // DeviceScript's idioms: strings joined with +, and runtime parts typed `any`.
        files: ["{src,test,campaigns}/**/*.ts"],
        rules: {
            "@typescript-eslint/no-explicit-any": "off",
            "@typescript-eslint/no-this-alias": "off",
        },
    },
    {
        // A method must not need the runtime to bind it: Node does not.
        files: ["src/**/*.ts"],
        languageOptions: { parserOptions: { project: "src/tsconfig.json" } },
        rules: { "@typescript-eslint/unbound-method": "error" },
    },
    {
        // Markup takes lines.
        files: ["page/**/*.tsx"],
        rules: {
            "sizes/function-lines": [
                "error",
                { max: 100, skipBlankLines: true, skipComments: true },
            ],
        },
    },
    { files: ["page/texts.ts"], rules: { "max-lines": "off" } },
)
