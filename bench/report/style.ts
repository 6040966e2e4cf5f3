/** The report's style sheet: light, dark, and paper. */
import { darkColours, darkPhases, inkOn, lightColours, lightPhases } from './palette.ts';

function variables(colours: readonly string[], phases: readonly string[]): string {
  return [
    ...colours.map((colour, at) => `--p${at}:${colour}`),
    ...phases.map((colour, at) => `--h${at}:${colour};--t${at}:${inkOn(colour)}`),
  ].join(';');
}

const light = `--back:#fff;--panel:#f6f7f9;--text:#16191d;--soft:#525a63;--grid:#e3e6ea;--minor:#f0f2f4;--edge:#d3d8de;--good:#00663f;--bad:#b3261e;${variables(lightColours, lightPhases)}`;
const dark = `--back:#14171a;--panel:#1c2024;--text:#eceff2;--soft:#a8b1ba;--grid:#2d3339;--minor:#21262b;--edge:#3a424a;--good:#4fd09a;--bad:#ff8a80;${variables(darkColours, darkPhases)}`;

const onPhases = lightPhases.map((_, at) => `.h${at}{fill:var(--h${at})}.plot .on${at}{fill:var(--t${at})}`).join('');

const peers = lightColours.map((_, at) => `.p${at}{--c:var(--p${at})}`).join('');

export const styleSheet = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
${peers}${onPhases}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:2.5rem 1.25rem 4rem;max-width:60rem;background:var(--back);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
h1{font-size:2rem;line-height:1.15;margin:0 0 .25rem;letter-spacing:-.02em}
h2{font-size:1.3rem;line-height:1.25;margin:0;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.5rem 0 .25rem}
p{margin:.4rem 0}
a{color:inherit}
.soft,caption,figcaption,.question{color:var(--soft)}
.method{color:var(--soft);font-size:.86rem}
section{margin-top:3rem;padding-top:1.25rem;border-top:1px solid var(--edge)}
nav ul{columns:18rem;list-style:none;padding:0;margin:1rem 0 0}
nav li{break-inside:avoid}
.scroll{overflow-x:auto}
figure{margin:1rem 0 0}
svg.plot{display:block;width:100%;min-width:34rem;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,"DejaVu Sans",sans-serif}
.plot text{fill:var(--text)}
.labels text,.titles text{fill:var(--soft)}
.grid line{stroke:var(--grid);stroke-width:1}
.grid .minor{stroke:var(--minor)}
.series path{fill:none}
.line{stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}
.ours .line{stroke-width:3.2}
.reach{stroke:transparent;stroke-width:14;pointer-events:stroke}
.spread{stroke:var(--c);stroke-width:1.2;opacity:.6}
.series .mark,.forest .mark,.key .mark{fill:var(--c)}
.series .mark{stroke:var(--back);stroke-width:1}
.plot:has(.series:hover) .series:not(:hover),.plot:has(.bar:hover) .bar:not(:hover){opacity:.25}
.whole{fill:var(--c)}
.arrow{fill:var(--soft)}
.bar rect{stroke:var(--back);stroke-width:1}
.ours .name,.ours .total,tr.ours th{font-weight:700}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;margin:.5rem 0 0;padding:0;font-size:.86rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend button{font:inherit;color:inherit;background:none;border:0;border-radius:4px;padding:.1rem .25rem;display:flex;align-items:center;gap:.4rem;cursor:pointer}
.legend button[aria-pressed=false]{opacity:.4;text-decoration:line-through}
.legend svg{flex:none}
.legend .swatch rect{stroke:none}
[data-away]{display:none}
table{border-collapse:collapse;width:100%;margin-top:1rem;font-size:.86rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.25rem 0;font-size:.86rem}
th,td{padding:.3rem .5rem;text-align:right;border-bottom:1px solid var(--grid);vertical-align:middle}
thead th{font-weight:600;color:var(--soft);border-bottom-color:var(--edge);white-space:nowrap}
th:first-child,td:first-child,.left{text-align:left}
tbody th{font-weight:400}
tbody th:has(.dot){white-space:nowrap}
td.number{white-space:nowrap}
td small{display:block;color:var(--soft)}
td small:empty{display:none}
.forest{display:block}
.forest .line{stroke-width:2}
.forest .one{stroke:var(--edge);stroke-width:1}
.dot{display:inline-block;margin-right:.45rem;vertical-align:-1px}
.dot rect{fill:var(--c)}
.met{color:var(--good);font-weight:600}
.missed{color:var(--bad);font-weight:700}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0 0;padding:1rem 1.2rem;background:var(--panel);border-radius:8px}
.facts dt{color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere}
.note{margin-top:1rem;padding:.7rem 1rem;border-left:3px solid var(--edge);background:var(--panel)}
details{margin-top:.75rem}
summary{cursor:pointer;color:var(--soft);font-size:.9rem}
:focus-visible{outline:2px solid var(--p1);outline-offset:2px}
@media (max-width:34rem){.facts{grid-template-columns:1fr}.facts dd{margin-bottom:.4rem}body{padding-top:1.5rem}}
@media (max-width:46rem){th.picture,td.picture{display:none}}
@media print{:root{${light}}body{max-width:none;padding:0;font-size:10.5pt}section{break-inside:avoid-page;margin-top:1.5rem}figure,table,tr{break-inside:avoid}nav{display:none}.scroll{overflow:visible}svg.plot{min-width:0}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
