import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const hostile = "names of ships are hostile text: hand them to React as text";

export default tseslint.config(
  { ignores: ["node_modules", "public"] },
  ...tseslint.configs.strict,
  { files: ["src/**/*.{ts,tsx}"], ...hooks.configs.flat["recommended-latest"] },
  {
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/i18n/{en,fr,es,pt}.ts"],
    rules: { "max-lines": ["error", { max: 400 }] },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-console": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: hostile },
        { property: "outerHTML", message: hostile },
        { property: "insertAdjacentHTML", message: hostile },
        { property: "setHTML", message: hostile },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: hostile },
      ],
    },
  },
);
