# The service commands in a session, on plain processes.
BeforeAll {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

    $script:Stack = Join-Path $TestDrive 'opsrunbook.yaml'
    $yaml = "stack: pester`nservices:`n"
    foreach ($name in 'db', 'api') {
        $script = Join-Path $TestDrive "$name-$PID.sh"
        Set-Content -LiteralPath $script -Value "#!/bin/sh`nfor i in `$(seq 3000); do sleep 0.2; done"
        chmod +x $script
        $depends = if ($name -eq 'api') { ', dependsOn: [db]' }
        $yaml += "  ${name}: { manager: process, unit: $name-$PID.sh, start: [$script], directory: $TestDrive$depends }`n"
    }

    Set-Content -LiteralPath $Stack -Value $yaml
}

AfterAll {
    Stop-OpsService -All -Stack $Stack -Confirm:$false
}

Describe 'Service commands' {
    It 'start in the order of the dependencies, whatever the order of the names' {
        $started = 'api', 'db' | Start-OpsService -Stack $Stack
        $started | ForEach-Object { $_ | Should -BeOfType OpsRunbook.ServiceChange }
        $started.Name | Should -Be @('db', 'api')
        $started.Outcome | Should -Be @('Done', 'Done')
    }

    It 'show the services in 120 columns, status first' {
        $lines = (Get-OpsService -Stack $Stack | Out-String -Width 120) -split "`n" | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd() }
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
        $lines -match '^Status\s+Name' | Should -HaveCount 1
        $lines -match '^Healthy\s+(db|api)' | Should -HaveCount 2
    }

    It 'take objects from the pipeline and give a new process' {
        $before = Get-OpsService api -Stack $Stack
        $before | Restart-OpsService -Stack $Stack | ForEach-Object Outcome | Should -Be 'Done'
        (Get-OpsService api -Stack $Stack).Pid | Should -Not -Be $before.Pid
    }

    It 'emit their plan under -WhatIf, by the switch and by the preference, and do nothing' {
        $before = (Get-OpsService -Stack $Stack).Pid
        $plan = Restart-OpsService -All -Stack $Stack -WhatIf
        $plan | ForEach-Object { $_ | Should -BeOfType OpsRunbook.OpsPlanStep }
        ($plan | Where-Object Action -In Stop, Start | ForEach-Object { "$($_.Action) $($_.Target)" }) | Should -Be @('Stop api', 'Stop db', 'Start db', 'Start api')
        & { $WhatIfPreference = $true; Stop-OpsService -All -Stack $Stack } | Should -Not -BeNullOrEmpty
        (Get-OpsService -Stack $Stack).Pid | Should -Be $before
    }

    It 'name the nearest service for one that does not exist and go on with the rest' {
        $result = Restart-OpsService apo, db -Stack $Stack -ErrorAction SilentlyContinue -ErrorVariable failed -WarningAction SilentlyContinue
        $result.Name | Should -Be 'db'
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Service.MemberNotFound,*'
        $failed[0].ErrorDetails.Message | Should -BeLike "*'api'*"
    }

    It 'refuse -Force without a reason' {
        { Restart-OpsService api -Force -Stack $Stack -ErrorAction Stop } | Should -Throw -ErrorId 'Guard.ReasonMissing,*'
    }

    It 'take a limit change from the pipeline for its undoing' {
        $change = [OpsRunbook.ServiceLimitChange]@{ Name = 'api'; Stack = 'pester'; Host = 'local'; Message = ''; PreviousMemoryLimitBytes = 1GB }
        $change | Set-OpsServiceLimit -Undo -Stack $Stack -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Service.CannotSetLimit,*'
    }

    It 'write every change to the journal, with its reason' {
        Restart-OpsService db -Reason "pester wants it, $PID" -Stack $Stack -WarningAction SilentlyContinue
        $journal = Join-Path $env:OPSRUNBOOK_STATE 'journal.jsonl'
        $last = Get-Content -LiteralPath $journal | ConvertFrom-Json | Where-Object reason -EQ "pester wants it, $PID"
        $last.phase | Should -Be @('Started', 'Ended')
        $last[1].outcome | Should -Be 'Succeeded'
    }
}
