# Fish completes karat's command lines: ~/.config/fish/completions/karat.fish
function __karat_complete
    set -lx COMP_LINE (commandline -cp)
    test -z (commandline -ct)
    and set COMP_LINE "$COMP_LINE "
    set -lx KARAT_COMPLETE 1
    karat
end
complete -c karat -f -a '(__karat_complete)'
