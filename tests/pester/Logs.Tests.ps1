# The log commands in a session, on files.
BeforeAll {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

    $script:Log = Join-Path $TestDrive 'api.log'
    $start = [datetime]::UtcNow.AddHours(-2)
    $lines = foreach ($i in 0..4999) {
        $level = if ($i % 100 -eq 0) { 'ERROR' } else { 'INFO' }
        '{0:yyyy-MM-ddTHH:mm:ss}Z {1} request {2} took {3} ms' -f $start.AddSeconds($i), $level, $i, ($i % 7)
    }
    Set-Content -LiteralPath $Log -Value ($lines + ('{0:yyyy-MM-ddTHH:mm:ss}Z WARN a very long message {1}' -f $start.AddSeconds(5000), ('x' * 300)))

    $script:Access = Join-Path $TestDrive 'access.log'
    Set-Content -LiteralPath $Access -Value (0..99 | ForEach-Object {
            '203.0.113.{0} - - [{1}] "GET /orders/{2} HTTP/1.1" {3} 10 "-" "curl/8.5.0" 0.0{4:00}' -f ($_ % 3), $start.AddSeconds($_).ToString('dd/MMM/yyyy:HH:mm:ss +0000', [cultureinfo]::InvariantCulture), $_, (($_ % 10) ? 200 : 503), ($_ % 90)
        })

    $script:Stack = Join-Path $TestDrive 'opsrunbook.yaml'
    Set-Content -LiteralPath $Stack -Value "stack: pester`nservices:`n  api: { ports: [1], logs: [api.log] }`nwebServers:`n  web: { engine: nginx, ports: [2], logs: [access.log] }"

    function Get-Table {
        param([object[]]$InputObject)

        ($InputObject | Out-String -Width 120) -split "`n" | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd() }
    }
}

Describe 'Get-ServiceLog' {
    It 'emits records that Where-Object and Group-Object work on' {
        $records = Get-ServiceLog -Path $Log
        $records[0] | Should -BeOfType OpsRunbook.LogRecord
        ($records | Where-Object Level -EQ Error).Count | Should -Be 50
        ($records | Where-Object Level -GE Warning).Count | Should -Be 51
        ($records | Group-Object Level | Where-Object Name -EQ Info).Count | Should -Be 4950
        $records[0].Time.Kind | Should -Be Utc
    }

    It 'takes names from the pipeline, by value and by property' {
        ('api' | Get-ServiceLog -Stack $Stack -Last 3).Count | Should -Be 3
        ([pscustomobject]@{ Name = 'api' } | Get-ServiceLog -Stack $Stack -Last 3).Service | Select-Object -Unique | Should -Be 'api'
        (Get-ServiceLog 'a*' -Stack $Stack -Last 3).Count | Should -Be 3
    }

    It 'stops when the pipeline wants no more' {
        # It would never end by itself.
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        (Get-ServiceLog -Path $Log -Follow -Last 5 | Select-Object -First 2).Count | Should -Be 2
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 60
        (Get-ServiceLog -Path $Log | Select-Object -First 1).Message | Should -BeLike 'request 0 *'
    }

    It 'takes moments of every kind' {
        $all = (Get-ServiceLog -Path $Log).Count
        (Get-ServiceLog -Path $Log -Since 3h).Count | Should -Be $all
        (Get-ServiceLog -Path $Log -Since ([timespan]'3:00')).Count | Should -Be $all
        (Get-ServiceLog -Path $Log -Since (Get-Date).AddHours(-3) -Until (Get-Date).AddDays(1)).Count | Should -Be $all
        (Get-ServiceLog -Path $Log -Until 1d) | Should -BeNullOrEmpty
    }

    It 'reads times without a zone in the zone that is given' {
        $file = Join-Path $TestDrive 'zone.log'
        Set-Content -LiteralPath $file -Value '2026-01-23 10:30:00 INFO x'
        (Get-ServiceLog -Path $file -TimeZone UTC).Time | Should -Be ([datetime]::new(2026, 1, 23, 10, 30, 0))
        { Get-ServiceLog -Path $file -TimeZone 'Middle/Earth' } | Should -Throw -ErrorId 'Log.TimeZoneUnknown,*'
    }

    It 'reads what rotation made of the log when the time range reaches there' {
        $file = Join-Path $TestDrive 'rotated.log'
        Set-Content -LiteralPath "$file.1" -Value ('{0:yyyy-MM-ddTHH:mm:ss}Z INFO before' -f [datetime]::UtcNow.AddHours(-1))
        Set-Content -LiteralPath $file -Value ('{0:yyyy-MM-ddTHH:mm:ss}Z INFO after' -f [datetime]::UtcNow.AddMinutes(-5))
        (Get-ServiceLog -Path $file).Message | Should -Be 'after'
        (Get-ServiceLog -Path $file -Since 2h).Message | Should -Be @('before', 'after')
    }

    It 'fits 120 columns' {
        Get-Table (Get-ServiceLog -Path $Log -Last 20) | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
    }

    It 'completes the names of members' {
        $line = "Get-ServiceLog -Stack '$Stack' -Name a"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'api'
    }
}

Describe 'Measure-ServiceLog' {
    It 'counts by pattern and by level' {
        $patterns = Measure-ServiceLog api -Stack $Stack -Match 'request'
        $patterns[0] | Should -BeOfType OpsRunbook.LogMeasurement
        ($patterns | Where-Object Level -EQ Error).Count | Should -Be 50
        (Measure-ServiceLog -Path $Log -By Level | Where-Object Value -EQ Info).Count | Should -Be 4950
        Get-Table $patterns | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
    }
}

Describe 'Measure-AccessLog' {
    It 'sums up as a whole, and by route, client and time' {
        $total = Measure-AccessLog web -Stack $Stack
        $total | Should -BeOfType OpsRunbook.AccessLogMeasurement
        $total.Requests | Should -Be 100
        $total.ServerErrors | Should -Be 10
        $routes = Measure-AccessLog -Path $Access -By Route
        $routes.Route | Should -Be '/orders/<num>'
        (Measure-AccessLog -Path $Access -By Client | Measure-Object Requests -Sum).Sum | Should -Be 100
        foreach ($by in 'Total', 'Route', 'Client', 'Time') {
            Get-Table (Measure-AccessLog -Path $Access -By $by) | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
        }
    }
}

Describe 'Get-LoginFailure' {
    It 'counts by address' {
        $file = Join-Path $TestDrive 'auth.log'
        Set-Content -LiteralPath $file -Value (1..3 | ForEach-Object { "2026-01-01T10:00:0${_}Z web1 sshd[$_]: Failed password for root from 203.0.113.7 port $_ ssh2" })
        $failure = Get-LoginFailure -Path $file -By Address
        $failure | Should -BeOfType OpsRunbook.LoginFailure
        $failure.Address | Should -Be '203.0.113.7'
        $failure.Count | Should -Be 3
        Get-Table $failure | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 }
    }
}
