# Find, review, act on a real PostgreSQL, as an operator does it.
BeforeDiscovery {
    Import-Module "$PSScriptRoot/PostgreSqlServer.psm1" -Force
    $script:binaries = Get-PostgreSqlFolder
}

Describe 'Sessions of PostgreSQL' -Skip:(-not $binaries -or -not (Get-Command psql -ErrorAction Ignore)) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
        Import-Module "$PSScriptRoot/PostgreSqlServer.psm1" -Force
        $server = Open-PostgreSqlServer
        $folder, $port, $password = $server.Folder, $server.Port, $server.Password
        $env:OPSRUNBOOK_PESTER_DB = $password
        $stack = "$folder/shop.yaml"
        Set-Content $stack "stack: shop`ndatabases:`n  db: { engine: postgres, server: 127.0.0.1, port: $port, user: postgres, password: `"`${env:OPSRUNBOOK_PESTER_DB}`" }"
        foreach ($attempt in 1..200) {
            if ((Test-DbConnection db -Stack $stack).Status -eq 'Healthy') { break }
            Start-Sleep -Milliseconds 100
        }

        # A client whose commands are given one by one, and which idles in between.
        function Open-Client([string]$Application) {
            $info = [Diagnostics.ProcessStartInfo]::new('psql', "-X -q -h 127.0.0.1 -p $port -U postgres -d postgres")
            $info.RedirectStandardInput = $info.RedirectStandardOutput = $info.RedirectStandardError = $true
            $info.Environment['PGPASSWORD'] = $password
            $info.Environment['PGAPPNAME'] = $Application
            $client = [Diagnostics.Process]::Start($info)
            $client.StandardInput.WriteLine('SELECT 1;')
            foreach ($attempt in 1..200) {
                if (Get-DbSession db -Stack $stack -Application $Application -State Idle) { return $client }
                Start-Sleep -Milliseconds 50
            }

            throw "$Application did not connect."
        }
    }

    AfterAll {
        Remove-Item Env:OPSRUNBOOK_PESTER_DB -ErrorAction Ignore
        if ($server) { Close-PostgreSqlServer $server }
    }

    It 'are found, reviewed and ended, and nobody else is' {
        $leak = Open-Client 'leak'
        $other = Open-Client 'other'
        try {
            $found = Get-DbSession db -Stack $stack -State Idle -Application leak
            @($found).Count | Should -Be 1
            $found | Should -BeOfType OpsRunbook.DbSession

            $plan = $found | Stop-DbSession -Stack $stack -WhatIf
            $plan | Should -BeOfType OpsRunbook.OpsPlanStep
            @(Get-DbSession db -Stack $stack -Application leak).Count | Should -Be 1

            $stopped = $found | Stop-DbSession -Stack $stack -Confirm:$false
            $stopped.Outcome | Should -Be 'Terminated'
            Get-DbSession db -Stack $stack -Application leak | Should -BeNullOrEmpty
            @(Get-DbSession db -Stack $stack -Application other).Count | Should -Be 1
        }
        finally {
            $leak.Kill(); $other.Kill()
        }
    }

    It 'that have gone on since the review are left alone' {
        $client = Open-Client 'moved'
        try {
            $found = Get-DbSession db -Stack $stack -Application moved
            $client.StandardInput.WriteLine('SELECT 2;')
            foreach ($attempt in 1..100) {
                if ((Get-DbSession db -Stack $stack -Application moved).StateSince -ne $found.StateSince) { break }
                Start-Sleep -Milliseconds 50
            }

            $found | Stop-DbSession -Stack $stack -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable refused | Should -BeNullOrEmpty
            $refused[0].FullyQualifiedErrorId | Should -BeLike 'Guard.SessionMoved,*'
            @(Get-DbSession db -Stack $stack -Application moved).Count | Should -Be 1
        }
        finally {
            $client.Kill()
        }
    }

    It 'can be asked for with the login of somebody else' {
        $wrong = [pscredential]::new('postgres', [System.Net.NetworkCredential]::new('x', 'not-the-Password-1').SecurePassword)
        (Test-DbConnection db -Stack $stack -Credential $wrong).Reason | Should -Be 'Db.LoginRefused'
    }

    It 'have settings that are changed and put back through the pipeline' {
        $change = Set-DbSlowQueryLog db 200ms -Stack $stack -Confirm:$false
        $change.EffectiveValue | Should -Be '200ms'
        ($change | Set-DbSlowQueryLog -Undo -Stack $stack -Confirm:$false).EffectiveValue | Should -Be '-1'
    }

    It 'have settings that come back after a time, and when the pipeline wants no more' {
        $values = Set-DbSlowQueryLog db 200ms -For 1s -Stack $stack -Confirm:$false | ForEach-Object EffectiveValue
        $values | Should -Be '200ms', '-1'
        $first = Set-DbSlowQueryLog db 300ms -For 1h -Stack $stack -Confirm:$false | Select-Object -First 1
        $first.EffectiveValue | Should -Be '300ms'
        (Set-DbSetting db log_min_duration_statement -1 -Stack $stack -Confirm:$false).OldValue | Should -Be '-1'
    }
}
