x
  ${number + "a"}${abs("x")}