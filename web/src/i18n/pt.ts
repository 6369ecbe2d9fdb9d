import type { Catalogue } from "./index";
export const pt = {} as unknown as Catalogue;
