# The health commands in a session, on a stack of real listeners.
BeforeAll {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

    $script:Listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $Listener.Start(100)
    $script:Stack = Join-Path $TestDrive 'opsrunbook.yaml'
    Set-Content -LiteralPath $Stack -Value @"
stack: pester
services:
  api: { health: { tcp: "127.0.0.1:$($Listener.LocalEndpoint.Port)" }, dependsOn: [db] }
  worker: { health: { tcp: "127.0.0.1:1" }, dependsOn: [db] }
databases:
  db: { engine: postgres, server: 127.0.0.1, port: 1 }
"@
}

AfterAll {
    $Listener.Stop()
}

Describe 'Get-ServiceHealth' {
    It 'emits typed objects with the root cause' {
        $health = Get-ServiceHealth -Stack $Stack -Kind Service, Database
        $health | ForEach-Object { $_ | Should -BeOfType OpsRunbook.ServiceHealth }
        ($health | Where-Object Name -EQ api).Status | Should -Be Healthy
        ($health | Where-Object Name -EQ worker).Status | Should -Be Critical
        ($health | Where-Object Name -EQ worker).CausedBy | Should -Be 'db'
        ($health | Where-Object Name -EQ db).Status | Should -Be Critical
    }

    It 'takes names, wildcards, and both from the pipeline' {
        (Get-ServiceHealth api -Stack $Stack).Name | Should -Be 'api'
        (Get-ServiceHealth 'w*' -Stack $Stack).Name | Should -Be 'worker'
        ('api', 'worker' | Get-ServiceHealth -Stack $Stack).Name | Sort-Object | Should -Be @('api', 'worker')
        ([pscustomobject]@{ Name = 'api' } | Get-ServiceHealth -Stack $Stack).Name | Should -Be 'api'
    }

    It 'takes a stack object' {
        (Get-ServiceHealth api -Stack (Get-OpsStack -Stack $Stack)).Stack | Should -Be 'pester'
    }

    It 'names the nearest member for one that does not exist' {
        $result = Get-ServiceHealth wroker, api -Stack $Stack -ErrorAction SilentlyContinue -ErrorVariable failed
        $result.Name | Should -Be 'api'
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Health.MemberNotFound,*'
        $failed[0].ErrorDetails.Message | Should -BeLike "*'worker'*"
    }

    It 'completes the names of members' {
        $line = "Get-ServiceHealth -Stack '$Stack' -Name w"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'worker'
    }

    It 'fits 120 columns, status first' {
        $lines = (Get-ServiceHealth -Stack $Stack | Out-String -Width 120) -split "`n"
        $lines | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd().Length | Should -BeLessOrEqual 120 }
        ($lines | Where-Object { $_ -match 'Name' } | Select-Object -First 1) -replace "`e\[[0-9;]*m" | Should -Match '^Status\s+Name'
    }

    It 'takes durations as text and as literals' {
        (Get-ServiceHealth api -Stack $Stack -Timeout 500ms).Status | Should -Be Healthy
        (Get-ServiceHealth api -Stack $Stack -Timeout 2s).Status | Should -Be Healthy
        (Get-ServiceHealth api -Stack $Stack -Timeout ([timespan]::FromSeconds(2))).Status | Should -Be Healthy
    }
}

Describe 'ConvertTo-HealthReport' {
    It 'writes what other systems read' {
        $health = Get-ServiceHealth -Stack $Stack -Kind Service, Database
        $health | ConvertTo-HealthReport -As Nagios | Select-Object -First 1 | Should -Match 'CRITICAL'
        ([xml]($health | ConvertTo-HealthReport -As JUnit | Out-String)).SelectNodes('//testcase').Count | Should -BeGreaterThan 2
        $health | ConvertTo-HealthReport -As Prometheus | Out-String | Should -Match 'opsrunbook_health_status\{.*\} 2'
    }
}

Describe 'Test-OpsStack' {
    It 'says where the file is wrong' {
        $bad = Join-Path $TestDrive 'bad.yaml'
        Set-Content -LiteralPath $bad -Value "stack: x`nservices:`n  api: { helth: { url: 'http://localhost' } }"
        $record = $null
        try { Get-OpsStack -Stack $bad } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -BeLike 'Stack.KeyUnknown,*'
        $record.ErrorDetails.Message | Should -BeLike '*bad.yaml line 3*services.api.helth*health*'
    }
}

Describe 'The commands that look at this machine' {
    It '<_> answers with typed objects' -ForEach 'Get-HostHealth', 'Get-TopProcess', 'Get-ListeningPort' {
        $first = & $_ -Stack $Stack | Select-Object -First 1
        $first.GetType().Namespace | Should -Be 'OpsRunbook'
        ($first | Out-String -Width 120) -split "`n" | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
