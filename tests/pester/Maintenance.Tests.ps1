# Maintenance windows in a session, with the state in a folder of its own and a process as the service.
BeforeDiscovery {
    $script:IsUnix = $IsLinux -or $IsMacOS
}

Describe 'Maintenance windows' -Skip:(-not $IsUnix) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

        $script:State = $env:OPSRUNBOOK_STATE
        $env:OPSRUNBOOK_STATE = Join-Path $TestDrive 'state'
        $script:Sent = Join-Path $TestDrive 'sent.txt'
        $script:Program = Join-Path $TestDrive "a-$([guid]::NewGuid().ToString('N').Substring(0, 8))"
        Copy-Item -LiteralPath /bin/sleep $Program
        $script:Stack = Join-Path $TestDrive 'opsrunbook.yaml'
        Set-Content -LiteralPath $Stack -Value @"
stack: pester
services:
  api: { manager: process, unit: $Program, start: [$Program, "3600"], health: { command: ["true"] } }
announce: { chat: { kind: command, command: [tee, -a, $Sent] } }
maintenance: { announce: chat, stop: api, manualTests: [log in] }
thresholds:
  disk: { warning: 99%, critical: 99.5% }
  inodes: { warning: null, critical: null }
  cpu: { warning: null, critical: null }
  memory: { warning: null, critical: null }
  swap: { warning: null, critical: null }
  load: { warning: null, critical: null }
"@
        Start-OpsService api -Stack $Stack | Out-Null

        function Get-Run { (Get-OpsService api -Stack $Stack).State }
    }

    AfterAll {
        Stop-OpsService api -Stack $Stack -Confirm:$false | Out-Null
        $env:OPSRUNBOOK_STATE = $State
    }

    It 'only plan with -WhatIf' {
        $plan = Start-MaintenanceWindow 'New schema' -Stack $Stack -WhatIf
        $plan | ForEach-Object { $_ | Should -BeOfType OpsRunbook.OpsPlanStep }
        $plan.Action | Should -Contain 'Stop'
        Get-MaintenanceWindow -Stack $Stack -All | Should -BeNullOrEmpty
        Get-Run | Should -Be 'running'
    }

    It 'begin and end' {
        $window = Start-MaintenanceWindow 'New schema' -For 30m -Stack $Stack -Confirm:$false
        $window | Should -BeOfType OpsRunbook.MaintenanceWindow
        $window.State | Should -Be 'Open'
        $window.ManualTests | Should -Be 'log in'
        Get-Run | Should -Be 'no such process'
        { Start-MaintenanceWindow -Stack $Stack -Confirm:$false } | Should -Throw -ErrorId 'Guard.OpenWindow*'
        (Get-ServiceHealth -Stack $Stack -Kind Maintenance).Status | Should -Be 'Healthy'
        (Start-MaintenanceWindow -Extend 30m -Stack $Stack -Confirm:$false).End | Should -Be $window.End.AddMinutes(30)

        $closed = $window | Stop-MaintenanceWindow -Stack $Stack
        $closed.State | Should -Be 'Closed'
        Get-Run | Should -Be 'running'
        { Stop-MaintenanceWindow -Stack $Stack } | Should -Throw -ErrorId 'Window.NotOpen*'
        foreach ($lines in ($closed | Out-String -Width 120), ($closed.Steps | Out-String -Width 120)) {
            ($lines -split "`n") -replace "`e\[[0-9;]*m" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
        }
    }

    It 'run a script inside, and pass on what it writes' {
        $outer = 5
        $result = Start-MaintenanceWindow -Stack $Stack -Confirm:$false -ScriptBlock { "in $outer"; Get-Run }
        $result[0] | Should -Be 'in 5'
        $result[1] | Should -Be 'no such process'
        $result[2].State | Should -Be 'Closed'
        Get-Run | Should -Be 'running'
    }

    It 'end although the script fails, and show its error' {
        { Start-MaintenanceWindow -Stack $Stack -Confirm:$false -ScriptBlock { throw 'bang' } } | Should -Throw 'bang'
        Get-MaintenanceWindow -Stack $Stack | Should -BeNullOrEmpty
        Get-Run | Should -Be 'running'
    }

    It 'end although nobody wants to see more' {
        Start-MaintenanceWindow -Stack $Stack -Confirm:$false -ScriptBlock { 'first'; 'second' } | Select-Object -First 1 | Should -Be 'first'
        Get-MaintenanceWindow -Stack $Stack | Should -BeNullOrEmpty
        Get-Run | Should -Be 'running'
    }

    It 'end on Ctrl+C before the prompt is back' {
        $begun = Join-Path $TestDrive 'begun'
        $script = Join-Path $TestDrive 'work.ps1'
        Set-Content -LiteralPath $script -Value @"
Import-Module '$PSScriptRoot/../../OpsRunbook.psd1'
Start-MaintenanceWindow -Stack '$Stack' -Confirm:`$false -ScriptBlock { Set-Content -LiteralPath '$begun' 1; Start-Sleep 60 }
"@
        $out = Join-Path $TestDrive 'out.txt'
        $child = Start-Process pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-File', $script -PassThru -RedirectStandardOutput $out
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while (-not (Test-Path -LiteralPath $begun) -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 100 }
        & kill -INT $child.Id
        $child.WaitForExit(40000) | Should -BeTrue
        Get-Content -LiteralPath $out -Raw | Should -Match 'was ended'
        (Get-MaintenanceWindow -Stack $Stack -All)[-1].State | Should -Be 'Closed'
        Get-Run | Should -Be 'running'
    }

    It 'are planned, shown as a calendar, and cancelled' {
        $plan = Start-MaintenanceWindow 'Updates' -At (Get-Date).AddDays(2) -For 2h -Repeat weekly -TimeZone Europe/Kyiv -Stack $Stack -Confirm:$false
        $plan.State | Should -Be 'Planned'
        Get-MaintenanceWindow -Stack $Stack -For 29d | Should -HaveCount 4
        Get-MaintenanceWindow -Stack $Stack -AsCalendar | Should -Match "SUMMARY:Maintenance of pester: Updates"
        { Start-MaintenanceWindow -Id $plan.Id -Stack $Stack -Confirm:$false } | Should -Throw -ErrorId 'Guard.WindowTime*'
        ($plan | Stop-MaintenanceWindow -Stack $Stack).State | Should -Be 'Cancelled'
        Get-Content -LiteralPath $Sent -Raw | Should -Match 'will not take place'
    }

    It 'have guards that show how they stand' {
        $guards = Get-OpsGuard -Stack $Stack
        $guards | ForEach-Object { $_ | Should -BeOfType OpsRunbook.OpsGuard }
        ($guards | Where-Object Name -eq OpenWindow).Status | Should -Be 'Healthy'
        (Get-OpsGuard Dr* -Stack $Stack).Target | Should -Be 'api'
        { Get-OpsGuard Dragin -Stack $Stack -ErrorAction Stop } | Should -Throw -ErrorId 'Guard.NotFound*'
    }
}
