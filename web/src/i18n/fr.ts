import type { Catalogue } from "./index";
export const fr = {} as unknown as Catalogue;
