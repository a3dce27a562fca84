/** The login role of a function in PostgreSQL. */

/** `order-desk` has `aiwfe_order_desk`. */
export const databaseRole = (name: string): string => `aiwfe_${name.replaceAll('-', '_')}`
