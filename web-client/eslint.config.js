import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import reactHooks from "eslint-plugin-react-hooks";
import simpleImportSort from "eslint-plugin-simple-import-sort";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist", "test-results"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `${count}` of a number is what it says.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // An event handler may start work whose errors end in state.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [reactHooks.configs.flat.recommended],
    rules: {
      "no-console": "error",
      // React calls what an effect gives back. Types do not tell: `scrollTo` gives a promise in newer browsers.
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.name=/^use(Layout)?Effect$/] > ArrowFunctionExpression[body.type='CallExpression']",
          message: "An effect gives back its cleanup or nothing: write a block.",
        },
        {
          selector: "UnaryExpression[operator='void']",
          message: "What a promise throws is shown, never lost: give it to `attend`.",
        },
      ],
      // What a page lacks that came over plain HTTP.
      "no-restricted-properties": [
        "error",
        {
          object: "crypto",
          property: "randomUUID",
          message: "Use `randomUuid` of sluice-client/parts.",
        },
        { object: "crypto", property: "subtle", message: "It is there over HTTPS only." },
        { object: "navigator", property: "clipboard", message: "Use `copyText` of lib/clipboard." },
      ],
      // It warns of what the React compiler leaves alone; this page is built without it.
      "react-hooks/incompatible-library": "off",
    },
  },
  {
    files: ["src/**/*.js"],
    languageOptions: { globals: { Response: "readonly", self: "readonly" } },
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: {
      globals: {
        Buffer: "readonly",
        console: "readonly",
        fetch: "readonly",
        performance: "readonly",
        process: "readonly",
        setTimeout: "readonly",
        URL: "readonly",
        WebSocket: "readonly",
      },
    },
  },
  {
    plugins: { "simple-import-sort": simpleImportSort },
    rules: { "simple-import-sort/imports": "error", "simple-import-sort/exports": "error" },
  },
);
