a
${nope + 1}