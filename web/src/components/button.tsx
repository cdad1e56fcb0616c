import type { ButtonHTMLAttributes } from "react";

const LOOKS = {
  plain: "border border-line bg-surface text-ink hover:border-line-strong",
  primary: "border border-transparent bg-accent text-on-accent hover:opacity-90",
  quiet: "border border-transparent text-muted hover:bg-sunken hover:text-ink",
  danger: "border border-bad/40 bg-surface text-bad hover:bg-bad-soft",
};

export const buttonLook = (look: keyof typeof LOOKS = "plain") =>
  `inline-flex items-center justify-center gap-2 rounded-lg px-3 py-1.5 text-sm font-medium whitespace-nowrap transition-colors aria-disabled:cursor-not-allowed aria-disabled:opacity-50 ${LOOKS[look]}`;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: keyof typeof LOOKS;
}

/** One that is disabled does nothing, but keeps the focus: who has pressed it is not sent back to the top of the page. */
export function Button({ look = "plain", className = "", type = "button", disabled, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={`${buttonLook(look)} ${className}`}
      aria-disabled={disabled}
      onClick={disabled ? undefined : onClick}
      {...rest}
    />
  );
}
