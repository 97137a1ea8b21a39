/** What a figure says in words, wherever its maker put it. */
export function figureText(figure: unknown): { alt: string; caption: string; summary: string } {
  const { layout, ...rest } = (figure ?? {}) as { layout?: { meta?: Record<string, unknown> } } & Record<
    string,
    unknown
  >;
  const find = (key: string) => {
    const value = layout?.meta?.[key] ?? rest[key];
    return typeof value === 'string' ? value.trim() : '';
  };
  return { alt: find('alt'), caption: find('caption'), summary: find('summary') };
}
