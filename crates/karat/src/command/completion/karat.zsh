#compdef karat
# Zsh completes karat's command lines: a file _karat in a directory of $fpath, or: eval "$(karat completion zsh)"
_karat() {
  local line word
  local -a closed open
  while IFS= read -r line; do
    word=${${line%%$'\t'*}//:/\\:}
    case $word in
      (*[/=]) open+=("$word:${line#*$'\t'}") ;;
      (*) closed+=("$word:${line#*$'\t'}") ;;
    esac
  done < <(COMP_LINE="${(j: :)words[1,CURRENT]}" COMP_POINT= KARAT_COMPLETE=1 karat)
  _describe -V karat closed
  _describe -V karat open -S ''
}
if [[ $funcstack[1] == _karat ]]; then _karat "$@"; else compdef _karat karat; fi
