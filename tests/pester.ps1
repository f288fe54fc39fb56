<#
.SYNOPSIS
    The part of tests/run.sh that runs inside pwsh.
.DESCRIPTION
    -Provide  makes sure that Pester 5 is there, from the gallery into the given folder if need be; says why not and exits with 1.
    -Report   runs tests/pester and writes passed, failed and skipped, then a line for each skipped test.
    -Analyze  runs PSScriptAnalyzer over the scripts of the repository.
#>
[CmdletBinding(DefaultParameterSetName = 'Report')]
param(
    [Parameter(Mandatory, ParameterSetName = 'Provide')]
    [AllowEmptyString()]
    [string]$Provide,

    [Parameter(Mandatory, ParameterSetName = 'Report')]
    [string]$Report,

    [Parameter(Mandatory, ParameterSetName = 'Analyze')]
    [switch]$Analyze
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$minimum = [version]'5.3'

function Test-Pester {
    [bool](Get-Module -ListAvailable Pester | Where-Object Version -GE $minimum)
}

if ($PSCmdlet.ParameterSetName -eq 'Provide') {
    if (-not (Test-Pester) -and $Provide) {
        $null = New-Item -ItemType Directory -Force $Provide
        # In a job, so that a gallery that does not answer costs two minutes and no more.
        $job = Start-ThreadJob { Save-PSResource Pester -Version "[$using:minimum,6.0)" -Path $using:Provide -TrustRepository -Quiet }
        $null = Wait-Job $job -Timeout 120
    }

    if (Test-Pester) {
        [Environment]::Exit(0)
    }

    [Console]::Out.Write("Pester $minimum or newer is not installed and cannot be had from the PowerShell Gallery")
    [Environment]::Exit(1)
}

if ($Analyze) {
    $root = Split-Path $PSScriptRoot
    $files = Get-ChildItem $root -File -Include '*.ps1', '*.psm1', '*.psd1' -Recurse |
        Where-Object FullName -NotMatch '[\\/](bin|obj|artifacts|node_modules)[\\/]'
    # Neither rule sees that a variable is used in a nested scope: a function of the script, or a block of Pester's.
    $blind = 'PSReviewUnusedParameter', 'PSUseDeclaredVarsMoreThanAssignments'
    $findings = @($files | ForEach-Object { Invoke-ScriptAnalyzer $_.FullName -Severity Warning, Error -ExcludeRule $blind })
    $findings | Format-Table RuleName, ScriptName, Line, Message -AutoSize -Wrap | Out-String -Width 160 | Write-Output
    exit [int]($findings.Count -gt 0)
}

Import-Module Pester -MinimumVersion $minimum
$configuration = New-PesterConfiguration
$configuration.Run.Path = Join-Path $PSScriptRoot 'pester'
$configuration.Run.PassThru = $true
$configuration.Output.CIFormat = 'None'
$configuration.Output.RenderMode = [Console]::IsOutputRedirected ? 'Plaintext' : 'Auto'
$result = Invoke-Pester -Configuration $configuration

# A block or a file that fails before its tests is a failure that no test counts.
$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
if ($result.TotalCount -eq 0) {
    Write-Output 'Pester found no tests'
    $failed++
}

$left = @($result.Skipped) + @($result.NotRun)
$lines = @("$($result.PassedCount)`t$failed`t$($left.Count)") + @($left | ForEach-Object { "$($_.ExpandedPath): $(@($_.ErrorRecord)[0])".TrimEnd(' ', ':') })
Set-Content -LiteralPath $Report -Value $lines
exit [int]($failed -gt 0)
