# The cache commands in a session, on a Redis server of our own.
BeforeDiscovery {
    $script:NoServer = -not ((Get-Command redis-server, redis-cli -CommandType Application -ErrorAction Ignore | Select-Object -ExpandProperty Name -Unique).Count -eq 2)
}

Describe 'Cache commands (redis-server)' -Skip:$NoServer {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $script:Port = $listener.LocalEndpoint.Port
        $listener.Stop()
        $script:Password = [guid]::NewGuid().ToString('N')
        $configuration = Join-Path $TestDrive 'redis.conf'
        Set-Content -LiteralPath $configuration -Value @('bind 127.0.0.1', "port $Port", "requirepass $Password", 'save ""', "dir $TestDrive", "logfile $TestDrive/redis.log")
        $script:Server = Start-Process redis-server $configuration -PassThru -RedirectStandardOutput (Join-Path $TestDrive 'out')
        $env:REDISCLI_AUTH = $Password
        function Invoke-RedisCommand { (redis-cli -p $Port --no-auth-warning @args) -join "`n" }
        function Get-Login([string]$Secret) { [System.Net.NetworkCredential]::new('default', $Secret) | ForEach-Object { [pscredential]::new($_.UserName, $_.SecurePassword) } }
        foreach ($attempt in 1..100) {
            $answer = Invoke-RedisCommand PING 2>$null
            if ($answer -eq 'PONG') { break }
            Start-Sleep -Milliseconds 50
        }

        $script:Stack = Join-Path $TestDrive 'opsrunbook.yaml'
        $env:OPSRUNBOOK_PESTER_REDIS = $Password
        Set-Content -LiteralPath $Stack -Value @"
stack: pester
caches:
  cache: { engine: redis, server: 127.0.0.1, port: $Port, password: "`${env:OPSRUNBOOK_PESTER_REDIS}", protect: ["sess:*"] }
"@
    }

    AfterAll {
        Stop-Process -Id $Server.Id
        $null = $Server.WaitForExit(10000)
        Remove-Item env:REDISCLI_AUTH, env:OPSRUNBOOK_PESTER_REDIS
    }

    BeforeEach {
        $null = Invoke-RedisCommand FLUSHALL
    }

    It 'find, review and act: what was chosen goes, by its exact name, and nothing else' {
        $null = Invoke-RedisCommand MSET 'cache:1' x 'cache: two' x 'cache:*' x 'cache:[1]' x 'sess:1' x
        $null = Invoke-RedisCommand EVAL "redis.call('SET', 'cache:\255\n', 'x')" 0
        $null = Invoke-RedisCommand HSET 'cache:hash' f v

        $found = Get-CacheKey cache -Pattern 'cache:*' -Stack $Stack
        $found | ForEach-Object { $_ | Should -BeOfType OpsRunbook.CacheKey }
        $found | Should -HaveCount 6
        $chosen = $found | Where-Object Key -NE 'cache:1'

        $plan = $chosen | Remove-CacheKey -Stack $Stack -WhatIf
        $plan | ForEach-Object { $_ | Should -BeOfType OpsRunbook.OpsPlanStep }
        $plan.Detail | Should -BeLike 'UNLINK 5 keys*'
        Invoke-RedisCommand DBSIZE | Should -Be 7

        $removal = $chosen | Remove-CacheKey -Stack $Stack -Confirm:$false
        $removal | Should -BeOfType OpsRunbook.CacheRemoval
        $removal.Removed | Should -Be 5
        $removal.Complete | Should -BeTrue
        (Get-CacheKey cache -Stack $Stack).Key | Sort-Object | Should -Be @('cache:1', 'sess:1')
    }

    It 'leave a key that has become something else since it was reviewed' {
        $null = Invoke-RedisCommand SET 'cache:1' x
        $found = Get-CacheKey cache -Stack $Stack
        $null = Invoke-RedisCommand DEL 'cache:1'
        $null = Invoke-RedisCommand HSET 'cache:1' f v
        $removal = $found | Remove-CacheKey -Stack $Stack -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Cache.KeyChanged,*'
        $removal | ForEach-Object Removed | Should -BeIn @($null, 0)
        Invoke-RedisCommand TYPE 'cache:1' | Should -Be 'hash'
    }

    It 'take a prefix of -GroupBy as a pattern' {
        $null = Invoke-RedisCommand MSET 'q*:1' x 'q*:2' x 'qq:1' x
        $family = Get-CacheKey cache -GroupBy Prefix -Stack $Stack | Where-Object Keys -EQ 2
        (Remove-CacheKey cache -Pattern $family.Prefix -Stack $Stack -Confirm:$false).Removed | Should -Be 2
        (Get-CacheKey cache -Stack $Stack).Key | Should -Be 'qq:1'
    }

    It 'refuse protected keys by name, and take force only with a reason' {
        $null = Invoke-RedisCommand MSET 'sess:1' x 'cache:1' x
        { Remove-CacheKey cache -Pattern '*' -Stack $Stack -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'Guard.ProtectedKey,*'
        Get-CacheKey cache -Stack $Stack | Remove-CacheKey -Stack $Stack -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Guard.ProtectedKey,*'
        $failed[0].ErrorDetails.Message | Should -BeLike '*-Exclude*'
        { Clear-Cache cache -Database 0 -Stack $Stack -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'Guard.ProtectedKey,*'
        { Remove-CacheKey cache -Pattern '*' -Stack $Stack -Confirm:$false -Force -ErrorAction Stop } | Should -Throw -ErrorId 'Guard.ReasonMissing,*'
        Invoke-RedisCommand DBSIZE | Should -Be 2

        (Remove-CacheKey cache -Pattern '*' -Exclude 'sess:*' -Stack $Stack -Confirm:$false).Removed | Should -Be 1
        (Remove-CacheKey cache -Pattern '*' -Stack $Stack -Confirm:$false -Force -Reason 'pester' -WarningAction SilentlyContinue).Removed | Should -Be 1
    }

    It 'do nothing unattended unless told' {
        $null = Invoke-RedisCommand SET 'cache:1' x
        $pwsh = (Get-Process -Id $PID).Path
        foreach ($call in "Remove-CacheKey cache -Pattern '*'", 'Clear-Cache cache -Database 0', 'Set-CachePolicy cache -Policy allkeys-lru -MaxMemory 100MB') {
            $text = & $pwsh -NoProfile -NonInteractive -Command "
                Import-Module '$PSScriptRoot/../../OpsRunbook.psd1'
                try { $call -Stack '$Stack' -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId; `$_.ErrorDetails.Message }" 2>&1 | Out-String
            $text | Should -BeLike '*Confirm.NotInteractive*-Confirm:$false*' -Because $call
        }

        Invoke-RedisCommand DBSIZE | Should -Be 1
        Invoke-RedisCommand CONFIG GET maxmemory-policy | Should -BeLike '*noeviction'
    }

    It 'end the scan and its connections after Select-Object -First 1' {
        $null = Invoke-RedisCommand EVAL "for i = 1, 100000 do redis.call('SET', 'cache:' .. i, 'x') end" 0
        $null = Invoke-RedisCommand CONFIG RESETSTAT
        (Get-CacheKey cache -Stack $Stack | Select-Object -First 1).Key | Should -BeLike 'cache:*'
        $left = foreach ($attempt in 1..100) {
            $names = @((Invoke-RedisCommand CLIENT LIST) -split "`n" | Where-Object { $_ -notmatch 'cmd=client' })
            $names.Count
            if (-not $names) { break }
            Start-Sleep -Milliseconds 50
        }

        $left[-1] | Should -Be 0 -Because 'no connection is left'
        $scans = [int]((Invoke-RedisCommand INFO commandstats) -split "`n" | Select-String 'cmdstat_scan:calls=(\d+)').Matches.Groups[1].Value
        $scans | Should -BeLessThan 40 -Because 'all of the keys would be hundreds of pages'
    }

    It 'fit 120 columns, whatever the keys are called' {
        $null = Invoke-RedisCommand EVAL "redis.call('SET', 'cache:' .. string.rep('long', 60), 'x'); redis.call('SET', 'line\n\27[31mfeed', 'x', 'EX', 100000)" 0
        $null = Invoke-RedisCommand CONFIG SET slowlog-log-slower-than 0
        $null = Invoke-RedisCommand GET (-join ('g' * 200))
        $null = Invoke-RedisCommand CONFIG SET slowlog-log-slower-than 10000
        $client = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $Port)
        $tables = [ordered]@{
            'Key' = { Get-CacheKey cache -Stack $Stack }
            'Prefix' = { Get-CacheKey cache -GroupBy Prefix -Stack $Stack }
            'Status' = { Get-CacheStatus cache -Sample 50ms -Stack $Stack }
            'Address' = { Get-CacheClient cache -Stack $Stack }
            'Command' = { Get-CacheSlowLog cache -Stack $Stack }
            'P99' = { Measure-CacheLatency cache -For 100ms -Stack $Stack }
            'Removed' = { Remove-CacheKey cache -Pattern 'line*' -Stack $Stack -Confirm:$false }
            'Policy' = { Set-CachePolicy cache -Policy noeviction -Stack $Stack -Confirm:$false -WarningAction SilentlyContinue }
        }
        foreach ($table in $tables.GetEnumerator()) {
            $lines = (& $table.Value | Out-String -Width 120) -split "`n" | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd() }
            $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 120 -Because $table.Key }
            @($lines | Where-Object { $_ }).Count | Should -BeGreaterThan 2 -Because $table.Key
            @($lines) -match "(^|\s)$($table.Key)(\s|$)" | Should -Not -BeNullOrEmpty -Because $table.Key
        }

        $client.Dispose()
        $status = (Get-CacheStatus cache -Sample 50ms -Stack $Stack | Out-String -Width 120) -split "`n" | Where-Object { $_ -match 'Cache' } | Select-Object -First 1
        $status -replace "`e\[[0-9;]*m" | Should -Match '^Status\s+Cache'
    }

    It 'say the same of a server without a limit as Get-ServiceHealth does' {
        foreach ($policy in 'noeviction', 'allkeys-lru') {
            $null = Invoke-RedisCommand CONFIG SET maxmemory-policy $policy
            $memory = (Get-CacheStatus cache -Sample 50ms -Stack $Stack).Checks | Where-Object Name -EQ memory
            $health = Get-ServiceHealth cache -Stack $Stack
            $memory.Status | Should -Be $health.Status
            $health.Message | Should -BeLike '*maxmemory is 0*'
        }

        $null = Invoke-RedisCommand CONFIG SET maxmemory-policy noeviction
    }

    It 'take the password from a credential, and tell it to nobody' {
        $credential = Get-Login $Password
        $text = Get-CacheStatus -Uri "redis://127.0.0.1:$Port" -Credential $credential -Sample 50ms -Verbose 4>&1 | ConvertTo-Json -Depth 5
        $text | Should -BeLike '*127.0.0.1:*'
        $text | Should -Not -BeLike "*$Password*"
        $wrong = Get-Login 'wrong-Secret-1'
        Get-CacheKey -Uri "redis://127.0.0.1:$Port" -Credential $wrong -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Cache.LoginRefused,*'
        "$failed" | Should -Not -BeLike '*wrong-Secret-1*'
    }

    It 'complete the names of caches' {
        $line = "Get-CacheKey -Stack '$Stack' -Name c"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'cache'
    }
}
