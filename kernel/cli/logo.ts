/** The kernel's logo: a machine drawn inside a machine. Colours of the pictures' palette (Okabe and Ito). */
export const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">
  <title>virtlab</title>
  <rect x="4" y="4" width="56" height="56" rx="8" fill="#0072b2"/>
  <rect x="14" y="20" width="36" height="32" rx="5" fill="#56b4e9"/>
  <rect x="23" y="32" width="18" height="13" rx="3" fill="#ffffff"/>
  <circle cx="13" cy="12" r="2.5" fill="#f0e442"/>
  <circle cx="21" cy="12" r="2.5" fill="#ffffff"/>
</svg>
`;
