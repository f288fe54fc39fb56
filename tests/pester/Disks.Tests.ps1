# Room on disks, as an operator makes it.
Describe 'Disks' -Skip:(-not $IsLinux) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
        $folder = [IO.Directory]::CreateTempSubdirectory('opsrunbook-pester-').FullName
        $script:savedState = $env:OPSRUNBOOK_STATE
        $env:OPSRUNBOOK_STATE = "$folder/state"
        $null = New-Item "$folder/logs", "$folder/rules" -ItemType Directory
        Set-Content "$folder/logs/app.log" 'now'
        [IO.File]::WriteAllBytes("$folder/logs/app.log.1", [byte[]]::new(2000000))
        (Get-Item "$folder/logs/app.log.1").LastWriteTimeUtc = [DateTime]::UtcNow.AddDays(-30)
        Set-Content "$folder/main.conf" "include $folder/rules"
        $stack = "$folder/shop.yaml"
        Set-Content $stack @"
stack: shop
logs:
  app: { files: "$folder/logs/*.log", rotation: { config: $folder/rules/shop, every: daily, count: 14, compress: true, delayCompress: true, missingOk: true } }
"@
    }

    AfterAll {
        $env:OPSRUNBOOK_STATE = $script:savedState
        if ($folder) { Remove-Item $folder -Recurse -Force -ErrorAction Ignore }
    }

    It 'shows the plan as objects and touches nothing' {
        $plan = Clear-DiskSpace -Target 0.01% -Path $folder -Category RotatedLog -Stack $stack -WhatIf -WarningAction SilentlyContinue
        $item = $plan | Where-Object Target -EQ "$folder/logs/app.log.1"
        $item.Outcome | Should -Be 'Planned'
        $item.Risk | Should -Be 'Medium'
        $item.SizeBytes | Should -BeGreaterOrEqual 2000000
        $item.Age.TotalDays | Should -BeGreaterThan 29
        "$folder/logs/app.log.1" | Should -Exist
        Get-OpsJournal | Should -BeNullOrEmpty
    }

    It 'keeps the table within 120 columns' {
        $text = Clear-DiskSpace -Target 0.01% -Path $folder -Category RotatedLog -Stack $stack -WhatIf -WarningAction SilentlyContinue | Format-Table | Out-String -Width 120
        $text | Should -Match 'Planned\s+Medium\s+RotatedLog'
    }

    It 'removes what the plan names, measures it and records it' {
        $done = Clear-DiskSpace -Target 0.01% -Path $folder -Category RotatedLog -Stack $stack -Confirm:$false -Reason 'disk alert'
        ($done | Where-Object Category -EQ 'RotatedLog').Outcome | Should -Be 'Done'
        "$folder/logs/app.log.1" | Should -Not -Exist
        "$folder/logs/app.log" | Should -Exist
        $result = $done | Where-Object { $_ -is [OpsRunbook.DiskCleanup] }
        $result.Done | Should -Be 1
        $result.TargetMet | Should -BeFalse
        $record = Get-OpsJournal
        $record.Outcome | Should -Be 'Succeeded'
        $record.Reason | Should -Be 'disk alert'
    }

    It 'refuses a target that is none' {
        { Clear-DiskSpace -Target 20GB -Stack $stack -WhatIf } | Should -Throw -ErrorId 'Disk.TargetInvalid*'
    }

    Context 'logrotate' -Skip:(-not (Test-Path /usr/sbin/logrotate)) {
        It 'finds a log without a rule, writes one, and finds it covered' {
            (Test-LogRotation -Stack $stack -ConfigPath "$folder/main.conf").Status | Should -Be 'Warning'
            $change = Test-LogRotation -Stack $stack -ConfigPath "$folder/main.conf" | Where-Object Status -NE Healthy | Select-Object -Unique Name |
                Set-LogRotation -Stack $stack -ConfigPath "$folder/main.conf" -Confirm:$false
            $change.Changed | Should -BeTrue
            $change.Path | Should -Be "$folder/rules/shop"
            $covered = Test-LogRotation app -Stack $stack -ConfigPath "$folder/main.conf"
            $covered.Status | Should -Be 'Healthy'
            $covered.Schedule | Should -Be 'daily, 14 kept'
        }
    }

    It 'forecasts nothing from one sample, and says so' {
        $forecast = Get-CapacityForecast -Kind Disk -Stack $stack -Svg "$folder/capacity.svg"
        $forecast | Should -Not -BeNullOrEmpty
        ($forecast | Select-Object -First 1).Message | Should -BeLike 'not enough data: 1 value over*'
        [xml](Get-Content "$folder/capacity.svg" -Raw) | Should -Not -BeNullOrEmpty
        ($forecast | Format-Table | Out-String -Width 120) | Should -Match 'samples|not enough'
    }
}
