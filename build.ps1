#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Builds, tests and packages the module.
.DESCRIPTION
    Build    dotnet build of the solution; module/bin and en-US are complete afterwards.
    Help     builds the help alone, from docs/commands.
    Test     tests/run.sh: everything, with the servers it needs.
    Package  artifacts/OpsRunbook/<version>: what goes into a PSModulePath folder, and the console runner beside it.
    Clean    removes what the other tasks made.
.EXAMPLE
    ./build.ps1 Package
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Help', 'Package', 'Clean')]
    [string[]]$Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string]$Configuration = 'Release'
)

$ErrorActionPreference = 'Stop'
$artifacts = Join-Path $PSScriptRoot 'artifacts'

function Invoke-Tool {
    param([string]$Name, [string[]]$Arguments)

    & $Name @Arguments
    if ($LASTEXITCODE -ne 0) {
        throw "$Name $($Arguments -join ' ') exited with $LASTEXITCODE."
    }
}

function Invoke-Build {
    Invoke-Tool dotnet @('build', "$PSScriptRoot/OpsRunbook.sln", '-c', $Configuration, '--nologo')
}

function Invoke-Help {
    Invoke-Tool dotnet @('build', "$PSScriptRoot/src/OpsRunbook.Console", '-c', $Configuration, '--nologo')
}

function Invoke-Test {
    Invoke-Tool bash @("$PSScriptRoot/tests/run.sh")
}

function Invoke-Package {
    Invoke-Build
    $version = (Import-PowerShellDataFile "$PSScriptRoot/OpsRunbook.psd1").ModuleVersion
    $target = Join-Path $artifacts "OpsRunbook/$version"
    if (Test-Path -LiteralPath $target) {
        Remove-Item -LiteralPath $target -Recurse
    }

    $null = New-Item -ItemType Directory -Path $target
    # The same relative paths as in the checkout, so the manifest serves both.
    Copy-Item -Path "$PSScriptRoot/OpsRunbook.psd1", "$PSScriptRoot/LICENSE", "$PSScriptRoot/module", "$PSScriptRoot/en-US" -Destination $target -Recurse
    $smuggled = Get-ChildItem -LiteralPath $target -Recurse -Filter 'System.Management.Automation*.dll'
    if ($smuggled) {
        throw "The package must not hold $($smuggled.FullName): PowerShell brings its own."
    }

    $null = Test-ModuleManifest -Path "$target/OpsRunbook.psd1"
    Invoke-Tool dotnet @('publish', "$PSScriptRoot/src/OpsRunbook.Console", '-c', 'Release', '--use-current-runtime', '--nologo', '-o', "$artifacts/opsrunbook")
    Get-Item -LiteralPath $target, "$artifacts/opsrunbook"
}

function Invoke-Clean {
    Invoke-Tool dotnet @('clean', "$PSScriptRoot/OpsRunbook.sln", '-c', $Configuration, '--nologo', '-v', 'quiet')
    foreach ($path in $artifacts, "$PSScriptRoot/module/bin", "$PSScriptRoot/en-US") {
        if (Test-Path -LiteralPath $path) {
            Remove-Item -LiteralPath $path -Recurse
        }
    }
}

foreach ($name in $Task) {
    & "Invoke-$name"
}
