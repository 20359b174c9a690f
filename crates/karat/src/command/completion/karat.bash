# Bash completes karat's command lines. In ~/.bashrc: eval "$(karat completion bash)"
complete -o filenames -C karat karat
