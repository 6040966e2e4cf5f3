/**
 * What the report's legends do where scripts run: a click on a peer takes its curve out of the plot above, another brings it back.
 * Nothing is lost without it. It has no `<` and no `&`, so that the page stays well-formed XML.
 */
export const pageScript = `
for (const key of document.querySelectorAll('.legend [data-key]')) {
  const peer = key.dataset.key;
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...key.childNodes);
  button.setAttribute('aria-pressed', 'true');
  button.title = 'show or hide';
  button.addEventListener('click', () => {
    const shown = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(shown));
    for (const drawn of key.closest('figure').querySelectorAll('[data-peer]')) {
      if (drawn.dataset.peer === peer) drawn.toggleAttribute('data-away', !shown);
    }
  });
  key.append(button);
}
`;
