# How the module loads: what administrators notice only when it goes wrong.
# Each case runs in a pwsh of its own, because a load context lives as long as its process.
BeforeAll {
    $script:Manifest = (Resolve-Path "$PSScriptRoot/../../OpsRunbook.psd1").Path
    $script:Pwsh = (Get-Process -Id $PID).Path

    function Invoke-Session {
        # Runs the script in a fresh pwsh and returns what it printed, one string per line.
        param([string]$Script)

        $lines = & $script:Pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference='Stop'; $Script" 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "The session failed: $($lines -join [Environment]::NewLine)"
        }

        $lines | ForEach-Object { "$_" }
    }
}

Describe 'Manifest' {
    It 'is valid' {
        (Test-ModuleManifest -Path $Manifest).Name | Should -Be 'OpsRunbook'
    }

    It 'exports exactly what it lists' {
        $listed = (Import-PowerShellDataFile $Manifest).CmdletsToExport | Sort-Object
        $exported = Invoke-Session "Import-Module '$Manifest'; (Get-Module OpsRunbook).ExportedCmdlets.Keys | Sort-Object"
        $exported | Should -Be $listed
    }
}

Describe 'Import' {
    It 'keeps every command when imported again with -Force' {
        $counts = Invoke-Session @"
Import-Module '$Manifest'
(Get-Command -Module OpsRunbook).Count
Import-Module '$Manifest' -Force
(Get-Command -Module OpsRunbook).Count
Import-Module '$Manifest' -Force
(Get-Command -Module OpsRunbook).Count
(Test-Endpoint -Uri 'tcp://127.0.0.1:1').Status
"@
        $counts[0] | Should -BeGreaterThan 10
        $counts[1] | Should -Be $counts[0]
        $counts[2] | Should -Be $counts[0]
        $counts[3] | Should -Be 'Critical'
    }

    It 'leaves nothing behind when removed' {
        $left = Invoke-Session "Import-Module '$Manifest'; Remove-Module OpsRunbook; @(Get-Command -Module OpsRunbook).Count"
        $left | Should -Be 0
    }

    It 'offers its public types to everybody' {
        Invoke-Session "Import-Module '$Manifest'; [OpsRunbook.ServiceHealth].FullName; [OpsRunbook.HealthStatus]::Critical.value__" |
            Should -Be @('OpsRunbook.ServiceHealth', '2')
    }

    It 'says what to do when it was not built' {
        $copy = Join-Path $TestDrive 'OpsRunbook'
        $null = New-Item -ItemType Directory -Path "$copy/module"
        Copy-Item "$PSScriptRoot/../../OpsRunbook.psd1" $copy
        Copy-Item "$PSScriptRoot/../../module/*" "$copy/module" -Exclude bin
        $message = & $Pwsh -NoProfile -NonInteractive -Command "Import-Module '$copy/OpsRunbook.psd1'" 2>&1 | Out-String
        $message -replace '\s+', ' ' | Should -BeLike '*is not built*dotnet build*'
    }
}

Describe 'Isolation' {
    It 'puts no package into the default load context' {
        $assemblies = Invoke-Session @"
Import-Module '$Manifest'
`$null = Get-ServiceHealth -Uri 'postgres://nobody@127.0.0.1:1/none'
`$null = Get-OpsStack -Stack '$PSScriptRoot/../../module/stacks/vendhub.yaml'
[System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.GetName().Name
'---'
[System.Runtime.Loader.AssemblyLoadContext]::All.Where({ `$_.Name -eq 'OpsRunbook' }).Assemblies.GetName().Name
"@
        $split = $assemblies.IndexOf('---')
        $default = $assemblies[0..($split - 1)]
        $private = $assemblies[($split + 1)..($assemblies.Count - 1)]
        $default | Should -Contain 'OpsRunbook'
        $default | Should -Not -Contain 'OpsRunbook.Engine'
        $default | Should -Not -Contain 'OpsRunbook.Cmdlets'
        $default | Should -Not -Contain 'Npgsql'
        $default | Should -Not -Contain 'YamlDotNet'
        $private | Should -Contain 'OpsRunbook.Cmdlets'
        $private | Should -Contain 'YamlDotNet'
        $private | Should -Not -Contain 'OpsRunbook'
    }

    It 'works beside a module that loaded older versions of the same packages' {
        $other = Get-ChildItem "$PSScriptRoot/../ConflictingModule/bin" -Recurse -Filter ConflictingModule.dll | Select-Object -First 1
        $other | Should -Not -BeNullOrEmpty -Because 'dotnet build of the solution makes it'
        $lines = Invoke-Session @"
Import-Module '$($other.FullName)'
`$before = Get-ConflictingVersion
Import-Module '$Manifest'
(Get-OpsStack -Stack '$PSScriptRoot/../../module/stacks/vendhub.yaml').Name
(Get-ServiceHealth -Uri 'postgres://nobody@127.0.0.1:1/none').Checks[-1].Reason
`$after = Get-ConflictingVersion
("`$before" -eq "`$after")
`$before | ForEach-Object { "`$(`$_.Name) `$(`$_.Version.Major)" }
"@
        $lines | Should -Be @('vendhub', 'Db.PortClosed', 'True', 'YamlDotNet 13', 'Npgsql 9')
    }

    It 'does no harm to a module that loads older versions afterwards' {
        $other = Get-ChildItem "$PSScriptRoot/../ConflictingModule/bin" -Recurse -Filter ConflictingModule.dll | Select-Object -First 1
        Invoke-Session @"
Import-Module '$Manifest'
`$null = Get-OpsStack -Stack '$PSScriptRoot/../../module/stacks/vendhub.yaml'
Import-Module '$($other.FullName)'
Get-ConflictingVersion | ForEach-Object { "`$(`$_.Name) `$(`$_.Version.Major)" }
"@ | Should -Be @('YamlDotNet 13', 'Npgsql 9')
    }

    It 'holds no System.Management.Automation' {
        Get-ChildItem "$PSScriptRoot/../../module" -Recurse -Filter 'System.Management.Automation*' | Should -BeNullOrEmpty
    }
}
