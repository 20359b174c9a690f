# PowerShell completes karat's command lines. In $PROFILE: karat completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName karat -ScriptBlock {
    param($word, $tree, $cursor)
    $length = $cursor - $tree.Extent.StartOffset
    $env:COMP_LINE = $tree.ToString().PadRight($length).Substring(0, $length)
    $env:KARAT_COMPLETE = '1'
    try {
        karat | ForEach-Object {
            $value, $about = $_ -split "`t", 2
            if (-not $about) { $about = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
        }
    } finally {
        Remove-Item Env:COMP_LINE, Env:KARAT_COMPLETE
    }
}
