import type { Catalogue } from "./index";
export const es = {} as unknown as Catalogue;
